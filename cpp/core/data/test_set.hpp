// The test samples in working coordinates, class by class.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/conventions.hpp"
#include "core/data/coordinates.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class TestSet {
 public:
  // `values` are the samples row by row, in the caller's columns.
  TestSet(std::span<const double> values, const std::vector<std::size_t>& classes,
          std::size_t n_classes, const Coordinates& coordinates, const Checkpoint& checkpoint);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Samples of one class, and bounds on their Euclidean norms padded to whole tiles with NaN, which
  // compares as neither within a bound nor beyond it.
  const SampleTiles& samples(std::size_t k) const { return samples_[k]; }
  const AlignedVector& norms(std::size_t k) const { return norms_[k]; }
  // The same in single precision.
  const Tiles<float>& single_samples(std::size_t k) const { return single_samples_[k]; }
  const Aligned<float>& single_norms(std::size_t k) const { return single_norms_[k]; }
  double largest_norm() const { return largest_norm_; }
  // Samples of each class.
  const Counts& counts() const { return counts_; }
  // Bound on the length of the part of a sample outside the spans of training samples, relative to
  // its norm in working coordinates.
  double outside() const { return outside_; }

 private:
  void bound_outside(const std::vector<std::vector<double>>& lengths, double sum_of_shares);

  std::vector<SampleTiles> samples_;
  std::vector<AlignedVector> norms_;
  std::vector<Tiles<float>> single_samples_;
  std::vector<Aligned<float>> single_norms_;
  double largest_norm_ = 0;
  Counts counts_;
  double outside_ = 0;
};

}  // namespace shapcpp
