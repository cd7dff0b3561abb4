// The members of a coalition, laid out for the kernels.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/data/problem.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class Coalition {
 public:
  // `problem` must outlive the coalition.
  explicit Coalition(const Problem& problem);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void add(std::size_t i);

  const SampleTiles& samples() const { return samples_; }
  std::size_t size() const { return samples_.size(); }
  // +1 for class 1, -1 for class 0.
  double sign_of(std::size_t i) const { return training_.class_of(i) == 1 ? 1.0 : -1.0; }
  // Of the members; 0 beyond them.
  const double* signs() const { return signs_.data(); }
  // Weights of the losses; 0 beyond the members.
  const double* weights() const { return weights_.data(); }
  // The largest Euclidean norm of a member.
  double largest_norm() const { return largest_norm_; }
  // The largest norm(x) of a member x, padded for the kernels.
  template <class Norm>
  double largest(const Norm& norm, const Checkpoint& checkpoint) const;
  // The sum of the weights.
  double total_weight() const { return total_weight_; }
  // An optimum exists once both classes are in.
  bool has_both_classes() const { return class_sizes_[0] > 0 && class_sizes_[1] > 0; }

 private:
  const TrainingSet& training_;
  SampleTiles samples_;
  AlignedVector signs_;
  AlignedVector weights_;
  std::array<std::size_t, 2> class_sizes_{};
  double largest_norm_ = 0;
  double total_weight_ = 0;
};

template <class Norm>
double Coalition::largest(const Norm& norm, const Checkpoint& checkpoint) const {
  double most = 0;
  AlignedVector x(padded_columns(training_.columns()));
  for (std::size_t i = 0; i < size(); ++i) {
    if (i % kernels::kTileRows == 0) checkpoint();
    for (std::size_t j = 0; j < training_.columns(); ++j) x[j] = samples_.value(i, j);
    most = std::max(most, norm(x));
  }
  return most;
}

}  // namespace shapcpp
