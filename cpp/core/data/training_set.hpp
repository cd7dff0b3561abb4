// The training samples in working coordinates, their classes and weights, and the penalty.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "core/data/coordinates.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class TrainingSet {
 public:
  // `values` are the samples row by row, in the caller's columns; each loss has the weight of its
  // class.
  TrainingSet(std::span<const double> values, std::vector<std::size_t> classes,
              std::span<const double> class_weights, const Coordinates& coordinates,
              const Checkpoint& checkpoint);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  std::size_t size() const { return classes_.size(); }
  std::size_t columns() const { return columns_; }

  std::span<const double> sample(std::size_t i) const {
    return {samples_.data() + i * columns_, columns_};
  }
  // Prefetches a sample, its norm and its class.
  void prefetch(std::size_t i) const {
    const double* values = samples_.data() + i * columns_;
    for (std::size_t j = 0; j < columns_; j += 8) __builtin_prefetch(values + j);
    __builtin_prefetch(norms_.data() + i);
    __builtin_prefetch(classes_.data() + i);
  }
  double norm_of(std::size_t i) const { return norms_[i]; }
  std::size_t class_of(std::size_t i) const { return classes_[i]; }
  double weight_of(std::size_t i) const { return class_weights_[classes_[i]]; }
  double weight_of_class(std::size_t k) const { return class_weights_[k]; }

  // Diagonal of the penalty, per column; 0 for the intercept.
  const Eigen::VectorXd& penalty() const { return penalty_; }
  // Bound on |dx| / |x| for the error dx of a sample that comes from rotations into spans of the
  // training samples; 0 without one.
  double rotation_error() const { return rotation_error_; }
  // The least penalty of a column that such a rotation made; 0 without one.
  double rotated_penalty() const { return rotated_penalty_; }

 private:
  std::size_t columns_;
  Eigen::VectorXd penalty_;
  double rotation_error_;
  double rotated_penalty_;
  AlignedVector samples_;
  std::vector<double> norms_;
  std::vector<std::size_t> classes_;
  std::vector<double> class_weights_;
};

}  // namespace shapcpp
