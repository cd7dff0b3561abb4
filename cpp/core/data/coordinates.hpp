// Maps the user's columns to the working coordinates of the engine.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "core/data/span.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Two changes leave the objective as it is. Each column is centred at its training mean, which the
// intercept absorbs since it has no penalty. Each column is divided by a number s, and its penalty
// 1/C becomes 1/(C s^2). Centring rounds each entry once. Division is exact, since s is a power of
// two: the one near the column's deviation, or near 1/sqrt(C) if that is larger, so that neither
// the data's nor the penalty's part of the Hessian is large. Margins are then sums of moderate
// terms, whatever the scale of the features. The last column is the intercept's 1.
//
// With more features than training samples, a coalition's weights on features of one penalty lie in
// the span of the centred training samples. Features are sorted by size into bands. A band of more
// features than samples shares one s, and its features are replaced by coordinates in the span of
// the band's part of the samples. The rounding of a band touches no feature of another band,
// however much smaller that is. Features that are constant in training then have no column.
//
// With squares, every feature is a column of its own, however few the samples, and the square of
// each such column is one more, which has no penalty.
class Coordinates {
 public:
  // `training` holds samples of `n_features` columns, row by row.
  Coordinates(std::span<const double> training, std::size_t n_features, double C, bool squares,
              const Checkpoint& checkpoint);

  std::size_t columns() const { return static_cast<std::size_t>(penalty_.size()); }
  // Diagonal of the penalty, per column; 0 for squares and the intercept.
  const Eigen::VectorXd& penalty() const { return penalty_; }
  // Calls take(i, sample, norm, outside) for each sample: the sample in working coordinates, its
  // Euclidean norm, and a bound on the length of its part outside the spans.
  using Taker = std::function<void(std::size_t, std::span<const double>, double, double)>;
  void for_each(std::span<const double> samples, const Checkpoint& checkpoint,
                const Taker& take) const;
  // Bound on |dx| / |x|, where dx is the change that a rotation makes to a training sample x, or to
  // the part of another sample inside the spans; 0 without a rotation.
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
      const std::function<void(std::size_t first, const RowMatrix& batch)>& take) const;
  RowMatrix scaled(std::span<const double> samples) const;

  bool squares_;
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
