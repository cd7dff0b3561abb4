// Means of classes and the scatter of their members around them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/training_set.hpp"
#include "core/numerics/double_double.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Kept in double-double, so that the order in which members joined does not matter. The intercept,
// the last column, is left out.
class Scatter {
 public:
  // `training` must outlive the scatter.
  Scatter(const TrainingSet& training, std::size_t n_classes);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void add(std::size_t i);

  std::size_t features() const { return features_; }
  std::size_t size() const { return size_; }
  std::size_t class_size(std::size_t k) const { return classes_[k].size; }
  const std::vector<DoubleDouble>& mean(std::size_t k) const { return classes_[k].mean; }
  // The mean of absolute values, per feature.
  double magnitude(std::size_t k, std::size_t j) const {
    return classes_[k].magnitude[j] / static_cast<double>(classes_[k].size);
  }
  // The sum over classes and members of (x - mean)(x - mean)': row j, column l <= j.
  const DoubleDouble& within(std::size_t j, std::size_t l) const {
    return within_[j * (j + 1) / 2 + l];
  }
  // The sum of squares of a feature over all members.
  double squares(std::size_t j) const { return squares_[j]; }
  double largest_norm() const { return largest_norm_; }

 private:
  struct Class {
    std::size_t size = 0;
    std::vector<DoubleDouble> mean;
    std::vector<double> magnitude;
  };

  const TrainingSet& training_;
  const std::size_t features_;
  std::size_t size_ = 0;
  double largest_norm_ = 0;
  std::vector<Class> classes_;
  std::vector<DoubleDouble> within_;
  std::vector<double> squares_;
  std::vector<DoubleDouble> away_;  // of the sample that joins, from its class's mean
};

}  // namespace shapcpp
