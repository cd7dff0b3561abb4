// What rotations into spans of the training samples add to the bounds; all 0 without one.
#pragma once

#include <Eigen/Core>

#include "core/data/problem.hpp"
#include "core/learners/logistic/coalition.hpp"

namespace shapcpp {

// A training sample errs by dx, |dx| <= e |x|, and dx may point out of the span. The Hessian, the
// intercept eliminated, is at least the penalty: in the norm of its inverse dx, which is zero in
// columns that are not rotated, is at most |dx| / sqrt(penalty) long, with the least penalty of the
// others.
class Rotation {
 public:
  explicit Rotation(const Problem& problem);

  // Of the gradient, in the norm of H^-1. `pull` bounds sum a_i |r_i| |x_i| with residuals r.
  double of_gradient(double pull, double weights_norm, double hessian_trace) const;
  // Of H, as a share of H itself.
  double of_hessian(double hessian_trace) const;
  // Of |x|_{H^-1}.
  double of_leverage(double norm) const { return error_ * norm * root_; }
  // Of the margin of a test sample at the optimum, as a share of the sample's norm.
  double of_margin(double pull, double weights_norm, double radius) const;

 private:
  double error_;
  double outside_;
  double root_;  // 1 / sqrt(least penalty of a rotated column)
};

// sum a_i |r_i| |x_i| over the members, at most; `magnitude` holds sums of absolute terms of the
// gradient, and the intercept is 1.
inline double pull(const Coalition& members, double intercept_magnitude) {
  return members.largest_norm() * intercept_magnitude;
}

}  // namespace shapcpp
