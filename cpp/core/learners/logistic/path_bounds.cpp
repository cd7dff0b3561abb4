// How far a path's estimate can be from the optimum.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/logistic/logistic_path.hpp"

namespace shapcpp {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Up to these shifts kappa of Lemmas 8 and 9 is bounded by 1 + x: the quotients lose their digits.
constexpr double kSmallKappa = 1e-5;
constexpr double kSmallThirdKappa = 1e-3;
// Lemma 11: rounding of the products in the step and in its remainder.
constexpr double kStepRounding = 16 * kRounding;

// At least `growth` times exp(R): the terms of the series fall to less than a third of the one
// before.
double grown(double growth, double R) {
  if (!(R < 1)) return growth * std::exp(R);
  return growth + growth * (R + R * R / 2 / (1 - R / 3));
}

}  // namespace

// An upper bound on the length of the base, of the anchor and of the estimate.
double LogisticPath::weights_length() const {
  return expansion_.base_length() + displacement_length_ + step_length_;
}

// The lengths of the step, from its squares. Its length in H comes from its product with H step:
// without T that is minus the gradient, up to the drift of the inverse.
void LogisticPath::measure_step(double square, const kernels::Squares& squares) {
  step_lengths_ = expansion_.lengths(squares);
  step_length_ = step_lengths_.plain;
  error_.decrement = std::sqrt(std::max(square, 0.0)) *
                     (1 + expansion_.hessian_rounding() + 3 * expansion_.inverse_drift());
}

// Lemmas 8, 9 and 10: a bound on the part of the gradient that its model leaves out along the step,
// where `R` is the largest shift along it and `growth` - 1 is `exponential`.
double LogisticPath::left_by_model(double R, double exponential) const {
  const double size = error_.decrement;
  const double T = shifts_.largest;
  const double x = T + R;
  // Norms, weighted by curvature, of products of shifts to the anchor and along the step.
  const double fourth = std::sqrt(shifts_.fourth);
  const double fourth_of_step = std::sqrt(R * size);
  const double mixed = std::min(T * size, std::sqrt(fourth) * fourth_of_step);
  if (!expansion_.has_third()) {
    const double kappa = x > kSmallKappa ? exponential / x : 1 + x;
    return kappa * (mixed + R * size / 2);
  }
  const double kappa = x > kSmallThirdKappa ? 2 * (exponential - x) / (x * x) : 1 + x;
  const double squared =
      std::min({T * mixed, R * fourth, std::sqrt(std::sqrt(shifts_.eighth)) * fourth_of_step});
  return kappa / 2 * (squared + R * mixed + R * R * size / 3) +
         expansion_.third_rounding() * members_.largest_norm() *
             (displacement_length_ + step_length_) * size;
}

// At least |H P v - v|_{H^-1} / |v|_{H^-1}, with P the inverse that is kept for H.
double LogisticPath::unsolved_share() const {
  return 2 * expansion_.inverse_drift() + expansion_.hessian_rounding();
}

// The remaining gradient of the model after the step, in the norm of H^-1.
double LogisticPath::left_in_model() {
  const double drift = expansion_.inverse_drift();
  if (!expansion_.has_third()) return 2 * drift * error_.decrement;
  solve(unsolved_, product_);
  const double square = kernels_.dot(unsolved_.data(), product_.data(), expansion_.stride());
  return (1 + drift) * std::sqrt(std::max(square, 0.0));
}

// Lemma 11, except its last line: a bound on the gradient that the step leaves.
void LogisticPath::bound_error() {
  curved_error_ = unsolved_share() * error_.decrement;
  const double R =
      std::min(members_.largest_norm() * step_length_, expansion_.leverage() * error_.decrement);
  const double exponential = grown(shift_growth_, R) - 1 + 4 * kRounding;
  error_.growth = exponential + 1;
  error_.rounding = left_in_model() + expansion_.hessian_rounding() * error_.decrement +
                    anchor_rounding_ + expansion_.rotation_of_gradient(weights_length()) +
                    kStepRounding * gradient_length_ * expansion_.inverse_root();
  error_.total = left_by_model(R, exponential) + error_.rounding;
}

// Lemma 11: a bound on the distance of the optimum from the end of the step, in the norm of H.
double LogisticPath::radius() const {
  const double error = known_share() * error_.growth * error_.total;
  const double contraction = expansion_.leverage() * error;
  // An upper bound on -log(1 - contraction) / leverage.
  return contraction < 0.5 ? error / (1 - contraction) : kInfinite;
}

// Lemma 31. With a third derivative the step is not the one meant there.
Stretch LogisticPath::step_stretch() const {
  if (expansion_.has_third()) return {};
  return stretch_of({.length = error_.decrement,
                     .error = error_.rounding + expansion_.hessian_rounding() * error_.decrement,
                     .leverage = expansion_.leverage(),
                     .growth = shift_growth_,
                     .decline = shift_growth_,
                     .share = known_share()});
}

// H, in whose norm all this is, is known up to its rounding.
double LogisticPath::known_share() const {
  return 1 + 2 * expansion_.hessian_rounding();
}

}  // namespace shapcpp
