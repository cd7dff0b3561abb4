// Terms that rotations into spans of the training samples add to the bounds; all 0 without one.
#pragma once

#include <Eigen/Core>

#include "core/data/problem.hpp"
#include "core/learners/members.hpp"

namespace shapcpp {

// A rotation changes a training sample by dx, |dx| <= e |x|, and dx may point out of the span. Only
// rotated columns of dx are not zero. The Hessian, once the intercept is eliminated, is at least
// the penalty, so dx is at most |dx| / sqrt(penalty) long in the norm of the inverse Hessian, where
// the penalty is the least of a rotated column (Lemma 1).
class Rotation {
 public:
  explicit Rotation(const Problem& problem);

  // The term that rotations add to the error of the gradient, in the norm of H^-1. `residual_mass`
  // bounds sum a_i |r_i| |x_i| with residuals r.
  double of_gradient(double residual_mass, double weights_norm, double hessian_trace) const;
  // The term for the error of H, as a share of H itself.
  double of_hessian(double hessian_trace) const;
  // The term for |x|_{H^-1}.
  double of_leverage(double norm) const { return error_ * norm * root_; }
  // The term for the error of a test margin at the optimum, as a share of the sample's norm.
  double of_margin(double residual_mass, double weights_norm, double radius) const;

 private:
  double error_;
  double outside_;
  double root_;  // 1 / sqrt(least penalty of a rotated column)
};

// At least sum a_i |r_i| |x_i| over the members. The intercept of a sample is 1, so
// `intercept_magnitude`, the sum of the absolute terms of the gradient there, is sum a_i |r_i|.
inline double residual_mass(const Members& members, double intercept_magnitude) {
  return members.largest_norm() * intercept_magnitude;
}

}  // namespace shapcpp
