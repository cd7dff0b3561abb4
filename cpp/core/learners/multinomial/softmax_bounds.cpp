// How far an estimate of `SoftmaxPath` can be from the optimum.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/multinomial/softmax_path.hpp"

namespace shapcpp {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Up to these shifts kappa of Lemma 20 is bounded by 1 + x: the quotient loses its digits.
constexpr double kSmallKappa = 1e-5;
// Rounding of the products in a step.
constexpr double kStepRounding = 16 * kRounding;

}  // namespace

// Lemma 20: the gradient that a step leaves, in the norm of H^-1, if logits move by at most R.
double SoftmaxPath::left_by_model(double R) const {
  const double size = error_.decrement;
  const double T = shifts_.largest;
  const double x = T + R;
  const double kappa = x > kSmallKappa ? std::expm1(x) / x : 1 + x;
  const double mixed = std::min(T * size, std::sqrt(std::sqrt(shifts_.fourth) * R * size));
  return kappa * (mixed + R * size / 2);
}

// The step that solves the model's equation.
void SoftmaxPath::solve() {
  if (is_rough_)
    metric_.multiply_roughly(gradient_, step_);
  else
    metric_.multiply(gradient_, step_);
  for (double& s : step_) s = -s;
  is_solved_ = true;
  secants_.learn(step_);
  sums_.helmert().to_classes(step_.data(), sums_.classes(), class_step_.data());
  const double square = std::max(-kernels_.dot(step_.data(), gradient_.data(), step_.size()), 0.0);
  error_.decrement = std::sqrt(square) * (1 + metric_.hessian_rounding() + 3 * metric_.drift());
}

// If the step is known to leave less than there is at the anchor, it leads to the estimate.
void SoftmaxPath::bound_step() {
  const double drift = metric_.drift();
  const double norm = error_.decrement;
  const double R =
      std::min(members_.largest_norm() * sums_.widest(class_step_), metric_.leverage() * norm);
  const double lengths = sums_.length(anchor_) + sums_.length(class_step_);
  const double mass = members_.largest_norm() * members_.total_weight();
  const double rounding =
      anchor_rounding_ + kStepRounding * length(gradient_) * metric_.inverse_root() +
      sums_.rotation().of_gradient(2 * mass, lengths, mass * members_.largest_norm() / 2);
  error_.rounding = rounding + (2 * drift + metric_.hessian_rounding()) * norm;
  const double left_out = metric_.left_out();
  const double left =
      (1 + left_out) * left_by_model(R) + left_out * norm + error_.rounding - rounding;
  takes_step_ = std::exp(R) * (left + rounding) < norm + rounding;
  error_.total = (takes_step_ ? left : norm) + rounding;
  error_.growth = (1 + left_out) * std::exp(takes_step_ ? shifts_.largest + R : shifts_.largest);
  error_.decline = takes_step_ ? decline_ * std::exp(R) : decline_;
}

// H, in whose norm all this is, is known up to its rounding.
double SoftmaxPath::known_share() const {
  return 1 + 2 * metric_.hessian_rounding();
}

// Lemma 21: a bound on the distance of the optimum from the anchor or from the end of the step.
double SoftmaxPath::radius() const {
  const double error = known_share() * error_.decline * error_.total;
  const double contraction = metric_.leverage() * error;
  // An upper bound on -log(1 - contraction) / leverage.
  return contraction < 0.5 ? error / (1 - contraction) : kInfinite;
}

// Lemma 33.
Stretch SoftmaxPath::step_stretch() const {
  return stretch_of({.length = error_.decrement,
                     .error = error_.rounding + metric_.hessian_rounding() * error_.decrement,
                     .leverage = metric_.leverage(),
                     .growth = (1 + metric_.left_out()) * std::exp(shifts_.largest),
                     .decline = decline_,
                     .share = known_share()});
}

}  // namespace shapcpp
