// The test samples row by row, divided by their norms, in single precision: one is read from few
// lines of the cache.
#pragma once

#include <cstddef>
#include <vector>

#include "core/data/test_set.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class ScaledRows {
 public:
  ScaledRows(const TestSet& test, std::size_t columns);

  // Bytes that they allocate.
  static double bytes(const RunShape& shape);

  // Writes a sample of class k, each number times 1 + e with |e| <= 2^-24 + 2^-51, or off by the
  // least single number.
  void write(std::size_t k, std::size_t row, double* sample) const {
    const float* from = rows_[k].data() + row * columns_;
    for (std::size_t j = 0; j < columns_; ++j) sample[j] = static_cast<double>(from[j]);
  }

 private:
  std::size_t columns_;
  std::vector<Aligned<float>> rows_;  // of each class
};

}  // namespace shapcpp
