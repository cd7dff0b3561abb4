#include "core/learners/logistic/rotation.hpp"

#include <cmath>

namespace shapcpp {

Rotation::Rotation(const Problem& problem)
    : error_(problem.training().rotation_error()),
      outside_(problem.test().outside()),
      root_(error_ > 0 ? 1 / std::sqrt(problem.training().rotated_penalty()) : 0) {}

// sum a_i (r_i dx_i + s_i (dx_i.w) x_i): the second sum is at most sqrt(sum a_i s_i (dx_i.w)^2)
// long, and sum a_i s_i |x_i|^2 is part of the trace.
double Rotation::of_gradient(double pull, double weights_norm, double hessian_trace) const {
  return error_ * (pull * root_ + weights_norm * std::sqrt(hessian_trace));
}

// sqrt(sum a_i s_i ((x_i + dx_i).v)^2) is within sqrt(sum a_i s_i (dx_i.v)^2) of that without dx_i,
// and |v| <= |v|_H / sqrt(penalty).
double Rotation::of_hessian(double hessian_trace) const {
  const double share = error_ * root_ * std::sqrt(hessian_trace);
  return share * (2 + share);
}

// Test samples err too, by e of their length inside and outside; and what of the optimum is outside
// the span, at most e pull / penalty, meets what of them is outside. The factor 2: residuals at the
// optimum are not quite those of `pull`.
double Rotation::of_margin(double pull, double weights_norm, double radius) const {
  return 2 * error_ *
         ((1 + outside_) * (weights_norm + radius * root_) + outside_ * pull * root_ * root_);
}

}  // namespace shapcpp
