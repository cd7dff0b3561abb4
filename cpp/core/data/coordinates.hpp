// From the user's columns to those the engine works in.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "core/data/span.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// The objective is unchanged if the training mean is subtracted from every column (the intercept is
// not penalised and takes it up) and if a column is divided by s while its penalty 1/C becomes
// 1/(C s^2). The first leaves a relative error of one rounding per entry; the second is exact,
// since s is a power of two: near the column's deviation, or near 1/sqrt(C) if that is larger, so
// that neither the data's nor the penalty's part of the Hessian is large. Margins are then sums of
// moderate terms however the features were scaled. The intercept is the last column, 1.
//
// With more features than training samples the weights of features with one penalty lie in the span
// of the training samples, centred, whatever the coalition. Features are sorted by size into bands,
// and those of a band with more features than samples become coordinates in the span of that band,
// with one s. A band's rounding never meets the features of another, however small these are beside
// its own. Features that are constant in training have no column.
class Coordinates {
 public:
  // `training` holds samples of `n_features` columns, row by row.
  Coordinates(std::span<const double> training, std::size_t n_features, double C,
              const Checkpoint& checkpoint);

  std::size_t columns() const { return static_cast<std::size_t>(penalty_.size()); }
  // Diagonal of the penalty, per column; 0 for the intercept.
  const Eigen::VectorXd& penalty() const { return penalty_; }
  // Calls take(i, sample, norm, outside) with each sample in working coordinates, its Euclidean
  // norm, and a bound on the length of what of it is outside the spans.
  using Taker = std::function<void(std::size_t, std::span<const double>, double, double)>;
  void for_each(std::span<const double> samples, const Checkpoint& checkpoint,
                const Taker& take) const;
  // Bound on |dx| / |x|, where dx is what the rotation changes a training sample x by, or the part
  // of any sample that is inside the spans; 0 without a rotation.
  double rotation_error() const { return rotation_error_; }
  // The least penalty of a rotated column; 0 without one.
  double rotated_penalty() const { return rotated_penalty_; }

 private:
  // Features that are rotated together, and where their columns begin.
  struct Band {
    std::vector<Eigen::Index> features;
    Eigen::Index first = 0;
    Span span;
  };

  void measure(std::span<const double> training, const Checkpoint& checkpoint);
  void arrange(std::size_t rows, double C);
  void rotate(std::span<const double> training, const Checkpoint& checkpoint);
  void for_each_batch(
      std::span<const double> samples, const Checkpoint& checkpoint,
      const std::function<void(std::size_t first, const Eigen::MatrixXd& batch)>& take) const;
  Eigen::MatrixXd scaled(std::span<const double> samples) const;

  std::vector<double> centre_;
  std::vector<double> deviations_;
  std::vector<double> factor_;
  std::vector<Eigen::Index> alone_;                 // features that are columns of their own
  std::vector<std::vector<Eigen::Index>> rotated_;  // features of each rotated band
  std::vector<Band> bands_;
  Eigen::VectorXd penalty_;
  double rotation_error_ = 0;
  double rotated_penalty_ = 0;
};

}  // namespace shapcpp
