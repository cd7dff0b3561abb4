#include "core/learners/rotation.hpp"

#include <cmath>

namespace shapcpp {

Rotation::Rotation(const Problem& problem)
    : error_(problem.training().rotation_error()),
      outside_(problem.test().outside()),
      root_(error_ > 0 ? 1 / std::sqrt(problem.training().rotated_penalty()) : 0) {}

// sum a_i (r_i dx_i + s_i (dx_i.w) x_i): the second sum is at most sqrt(sum a_i s_i (dx_i.w)^2)
// long, and sum a_i s_i |x_i|^2 is part of the trace.
double Rotation::of_gradient(double residual_mass, double weights_norm,
                             double hessian_trace) const {
  if (error_ == 0) return 0;
  return error_ * (residual_mass * root_ + weights_norm * std::sqrt(hessian_trace));
}

// sqrt(sum a_i s_i ((x_i + dx_i).v)^2) is within sqrt(sum a_i s_i (dx_i.v)^2) of that without dx_i,
// and |v| <= |v|_H / sqrt(penalty).
double Rotation::of_hessian(double hessian_trace) const {
  const double share = error_ * root_ * std::sqrt(hessian_trace);
  return share * (2 + share);
}

// Rotations change test samples too, by e times their length inside the span and outside. The part
// of the optimum outside the span is at most e residual_mass / penalty long and meets the part of
// the test sample outside. The factor 2 allows for residuals at the optimum that differ from those
// in `residual_mass`.
double Rotation::of_margin(double residual_mass, double weights_norm, double radius) const {
  if (error_ == 0) return 0;
  return 2 * error_ *
         ((1 + outside_) * (weights_norm + radius * root_) +
          outside_ * residual_mass * root_ * root_);
}

}  // namespace shapcpp
