// The test samples in whole numbers of 16 bits: products with them take a quarter of the time of
// those in single precision, and have a bound on their error.
#pragma once

#include <cstddef>
#include <vector>

#include "core/data/test_set.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

// Samples are divided by their norms, so that one bound serves all of them, and each column by a
// unit of its own. Lemma 28 of docs/engine.md has the bound.
class WholeSamples {
 public:
  // `kernels` must outlive them.
  WholeSamples(const TestSet& test, std::size_t columns, const kernels::Kernels& kernels);

  // Bytes that they allocate.
  static double bytes(const RunShape& shape);

  // A vector in whole numbers, for products with the samples.
  struct Vector {
    std::vector<short> numbers;
    float unit = 0;
    double size = 0;      // bound on the products
    double error = 0;     // and on their error in single precision; infinite if they are no good
    AlignedVector rests;  // of the numbers
  };
  // `v` is padded for the kernels.
  void write(const AlignedVector& v, Vector& vector) const;
  kernels::WholeVector view(const Vector& vector) const {
    return {vector.numbers.data(), pairs_, chunk_, vector.unit};
  }

  // The samples of class k from row `first` on, a multiple of kBlockRows.
  const short* samples(std::size_t k, std::size_t first) const {
    return samples_[k].data() + 2 * pairs_ * first;
  }

 private:
  void measure(const TestSet& test);
  void divide(const TestSet& test);

  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const std::size_t pairs_;
  const std::size_t chunk_;  // pairs of columns whose products are summed as whole numbers
  AlignedVector units_;      // of the columns
  AlignedVector halves_;     // bounds on what rounding does to a column
  double longest_ = 0;       // of the samples, in whole numbers
  double factor_ = 0;        // from the longest chunk of a vector to its unit
  std::vector<Aligned<short>> samples_;  // of each class
};

}  // namespace shapcpp
