// The members of a coalition, laid out for the kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/data/training_set.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class Members {
 public:
  // Members of a problem with `n_classes` classes; `training` must outlive the members.
  Members(const TrainingSet& training, std::size_t n_classes);

  // Bytes that they allocate.
  static double bytes(const RunShape& shape);

  void clear();
  void add(std::size_t i);

  const TrainingSet& training() const { return training_; }
  const SampleTiles& samples() const { return samples_; }
  // The same in single precision.
  const Tiles<float>& singles() const { return singles_; }
  std::size_t size() const { return samples_.size(); }
  std::size_t class_of(std::size_t row) const { return classes_[row]; }
  // Weights of the losses; 0 beyond the members.
  const double* weights() const { return weights_.data(); }
  // The largest Euclidean norm of a member.
  double largest_norm() const { return largest_norm_; }
  // The largest norm(x) of a member x, padded for the kernels, or the square of it.
  template <class Norm>
  double largest(const Norm& norm, const Checkpoint& checkpoint) const;
  // The sum of the weights.
  double total_weight() const { return total_weight_; }
  // How many members are of class k, and the sum of their weights.
  std::size_t class_size(std::size_t k) const { return class_sizes_[k]; }
  double class_weight(std::size_t k) const { return class_weights_[k]; }

 private:
  const TrainingSet& training_;
  SampleTiles samples_;
  Tiles<float> singles_;
  std::vector<std::size_t> classes_;
  AlignedVector weights_;
  std::vector<std::size_t> class_sizes_;
  std::vector<double> class_weights_;
  double largest_norm_ = 0;
  double total_weight_ = 0;
};

template <class Norm>
double Members::largest(const Norm& norm, const Checkpoint& checkpoint) const {
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
