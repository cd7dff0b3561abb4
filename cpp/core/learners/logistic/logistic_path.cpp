#include "core/learners/logistic/logistic_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/numerics/logistic_function.hpp"

namespace shapcpp {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kUnknown = -1;
// If rounding at the anchor is this share of the error, a pass in double precision is worth it.
constexpr double kRoundingBound = 0.3;
// If the linear part is this share of that, it is multiplied anew, which costs less.
constexpr double kMostlyLinear = 0.5;

}  // namespace

LogisticPath::LogisticPath(const Problem& problem, const Members& members, std::size_t positive,
                           const Context& context)
    : training_(problem.training()),
      kernels_(context.kernels),
      columns_(problem.columns()),
      members_(members, positive),
      newton_(problem, members_, context),
      expansion_(problem, members_, context),
      policy_(columns_),
      displacement_(expansion_.stride()),
      gradient_(expansion_.stride()),
      linear_(expansion_.stride()),
      step_(expansion_.stride()),
      unsolved_(expansion_.stride()),
      curved_(expansion_.stride()),
      product_(expansion_.stride()),
      middle_(expansion_.stride()),
      weights_(expansion_.stride()),
      optimum_(columns_, expansion_.inverse().settled()) {}

double LogisticPath::bytes(const RunShape& shape) {
  return Coalition::bytes(shape) + Newton::bytes(shape) + Expansion::bytes(shape);
}

void LogisticPath::clear() {
  members_.clear();
  expansion_.clear();
  optimum_.weights.setZero();
  newton_.start_from(optimum_.weights);
  policy_.clear();
}

void LogisticPath::join(std::size_t i) {
  policy_.join();
  members_.add(i);
  expansion_.absorb(i, displacement_, step_);
  if (!expansion_.has_base()) {
    newton_.expect(i);
    return;
  }
  policy_.absorb(expansion_.absorbed().offset != 0);
  move_anchor(i);
  if (expansion_.has_third()) return;
  const double coefficient =
      policy_.passes_at_once(size()) ? expansion_.absorbed().coefficient : 0.0;
  double along = expansion_.absorbed().along;
  if (coefficient != 0) {
    const kernels::Extended extended =
        kernels_.extend(step_.data(), step_.size(), expansion_.inverse_x().data(), coefficient,
                        expansion_.x().data());
    step_length_ = std::sqrt(extended.square);
    along = extended.product;
  }
  advance(i, coefficient, along);
}

// Lemma 30: what the sample adds to `linear_` and to `curved_`, both along it.
// Joining extends the step by the coefficient times `inverse_x`, and `along` is its product with
// the sample then.
void LogisticPath::advance(std::size_t i, double coefficient, double along) {
  const AlignedVector& x = expansion_.x();
  const Expansion::Absorbed& absorbed = expansion_.absorbed();
  const double norm = training_.norm_of(i);
  // `product`: of the sample with a vector of that length; `size` bounds the target's.
  const auto add = [&](AlignedVector& target, double& size, double other, double product,
                       double length) {
    const double bent = absorbed.curvature * product;
    kernels_.add_scaled(target.data(), x.size(), x.data(), other + bent);
    size += std::abs(other + bent) * norm;
    return absorbed.leverage * (kJoinRounding * (std::abs(other) + std::abs(bent)) +
                                absorbed.curvature * optimum_.dot_rounding * norm * length) +
           2 * kRounding * size * expansion_.inverse_root();
  };
  linear_error_ +=
      add(linear_, linear_length_, absorbed.slope, absorbed.shift, displacement_length_);
  curved_error_ += add(curved_, curved_length_, coefficient, along, step_length_) +
                   unsolved_share() * std::abs(coefficient) * absorbed.norm;
}

// The sample joins at the anchor: its residual there, the error of the residual, and its shift.
void LogisticPath::move_anchor(std::size_t i) {
  const AlignedVector& x = expansion_.x();
  const Expansion::Absorbed& absorbed = expansion_.absorbed();
  const double shift = absorbed.shift;
  const double a = training_.weight_of(i);
  const double sign = members_.sign_of(i);
  const double residual = -sign * a * probabilities(sign * (absorbed.margin + shift)).wrong;
  kernels_.add_scaled(gradient_.data(), x.size(), x.data(), residual);
  if (expansion_.has_third()) {
    const double linear = absorbed.curvature * absorbed.along;
    const double quadratic = absorbed.third * (shift + absorbed.along / 2) * absorbed.along;
    kernels_.add_scaled(unsolved_.data(), x.size(), x.data(), residual + linear + quadratic);
  }
  gradient_length_ += std::abs(residual) * training_.norm_of(i);
  const double margin_error = optimum_.dot_rounding * training_.norm_of(i) *
                              (expansion_.base_length() + displacement_length_);
  anchor_rounding_ += absorbed.leverage * (kJoinRounding * std::abs(residual) + a * margin_error) +
                      2 * kRounding * gradient_length_ * expansion_.inverse_root();
  const double far = std::abs(shift - absorbed.offset) + margin_error;
  const double fourth = absorbed.curvature * far * far * far * far;
  if (far > shifts_.largest) {
    shifts_.largest = far;
    shift_growth_ = std::exp(far);
  }
  shifts_.fourth += fourth;
  shifts_.eighth += fourth * far * far * far * far;
  displacement_bent_ = kUnknown;
}

double LogisticPath::length(const AlignedVector& vector) const {
  return std::sqrt(kernels_.dot(vector.data(), vector.data(), vector.size()));
}

// The gradient at the step, by the expansion:
// unsolved = gradient + H step + T[displacement + step / 2, step], T the third derivative
void LogisticPath::evaluate_step() {
  const std::size_t stride = expansion_.stride();
  expansion_.hessian().multiply(step_, curved_);
  std::copy(curved_.begin(), curved_.end(), unsolved_.begin());
  kernels_.add_scaled(unsolved_.data(), stride, gradient_.data(), 1.0);
  if (!expansion_.has_third()) return;
  std::copy(displacement_.begin(), displacement_.end(), middle_.begin());
  kernels_.add_scaled(middle_.data(), stride, step_.data(), 0.5);
  expansion_.third().contract(middle_, step_, product_);
  kernels_.add_scaled(unsolved_.data(), stride, product_.data(), 1.0);
}

void LogisticPath::solve(const AlignedVector& right, AlignedVector& solution) const {
  expansion_.inverse().multiply(right, solution);
}

// With T a Newton step for the zero of `unsolved`, from the last step, with the inverse of the
// derivative to first order in T.
void LogisticPath::take_step() {
  const std::size_t stride = expansion_.stride();
  if (!expansion_.has_third()) {
    solve(gradient_, step_);
    const kernels::StepSizes sizes =
        kernels_.take_step(step_.data(), curved_.data(), stride, gradient_.data(),
                           expansion_.hessian().diagonal().data());
    curved_length_ = gradient_length_;
    measure_step(sizes.fall, sizes.squares);
    return;
  }
  solve(unsolved_, product_);
  std::copy(displacement_.begin(), displacement_.end(), middle_.begin());
  kernels_.add_scaled(middle_.data(), stride, step_.data(), 1.0);
  expansion_.third().contract(middle_, product_, unsolved_);
  kernels_.add_scaled(step_.data(), stride, product_.data(), -1.0);
  solve(unsolved_, product_);
  kernels_.add_scaled(step_.data(), stride, product_.data(), 1.0);
  evaluate_step();
  measure_step(kernels_.dot(step_.data(), curved_.data(), stride),
               kernels_.squares(step_.data(), expansion_.hessian().diagonal().data(), stride));
}

const EstimatedOptimum& LogisticPath::estimate() {
  optimum_.radius = kInfinite;
  if (!expansion_.has_base() || expansion_.has_drifted()) return optimum_;
  if (!policy_.tries_estimate(size())) return optimum_;
  take_step();
  bound_error();
  double stretched = 1;
  double growth = error_.growth;
  optimum_.radius = radius();
  if (const Stretch stretch = step_stretch(); stretch.radius < optimum_.radius) {
    optimum_.radius = stretch.radius;
    stretched = stretch.middle;
    growth = std::max(growth, stretch.growth);
  }
  for (std::size_t j = 0; j < columns_; ++j)
    optimum_.weights[static_cast<Eigen::Index>(j)] =
        expansion_.base()[j] + displacement_[j] + stretched * step_[j];
  if (displacement_bent_ == kUnknown)
    displacement_bent_ = expansion_.lengths(displacement_).of_coordinates;
  // Four times the value of a fit at the base, since samples have joined.
  optimum_.floor =
      4 * kTieWidth * growth *
      (expansion_.gradient_rounding() +
       optimum_.dot_rounding *
           (displacement_bent_ + std::max(stretched, 1.0) * step_lengths_.of_coordinates));
  const double length = expansion_.base_length() + displacement_length_ + stretched * step_length_;
  optimum_.margin_rounding =
      3 * kRounding * length + expansion_.rotation_of_margin(length, optimum_.radius);
  optimum_.inverse_root = expansion_.inverse_root();
  optimum_.norm_error = expansion_.inverse_drift();
  return optimum_;
}

bool LogisticPath::rebase(double growth) {
  for (std::size_t j = 0; j < columns_; ++j)
    weights_[j] = expansion_.base()[j] + displacement_[j] + step_[j];
  return policy_.may_build() && build(growth);
}

// Builds a base at `weights_`, with the anchor there.
bool LogisticPath::build(double growth) {
  policy_.build();
  if (!expansion_.build(weights_, growth, policy_.wants_third(members_.size()))) return false;
  std::fill(displacement_.begin(), displacement_.end(), 0.0);
  std::fill(step_.begin(), step_.end(), 0.0);
  displacement_length_ = displacement_bent_ = step_length_ = curved_length_ = 0;
  std::fill(curved_.begin(), curved_.end(), 0.0);
  linear_error_ = curved_error_ = 0;
  precision_ = Precision::kDouble;
  linear_ = gradient_ = expansion_.gradient();
  unsolved_ = gradient_;
  linear_length_ = gradient_length_ = length(gradient_);
  anchor_rounding_ = expansion_.gradient_rounding();
  shifts_ = {};
  shift_growth_ = 1;
  return true;
}

bool LogisticPath::refine() {
  if (!expansion_.has_base()) return false;
  const bool is_rounding_bound = anchor_rounding_ > kRoundingBound * error_.total;
  multiplies_ = is_rounding_bound && linear_error_ > kMostlyLinear * anchor_rounding_;
  switch (policy_.refine(
      size(), {error_.decrement, is_rounding_bound && !multiplies_, expansion_.has_drifted()})) {
    case RefitPolicy::Refinement::kNone: return false;
    case RefitPolicy::Refinement::kBase:
      return rebase(policy_.has_estimated() ? error_.growth : kInfinite);
    case RefitPolicy::Refinement::kRoughPass:  // asked for by several classes alone
    case RefitPolicy::Refinement::kPass: return pass(Precision::kSingle);
    case RefitPolicy::Refinement::kWidenedPass: return pass(Precision::kWidened);
    case RefitPolicy::Refinement::kExactPass: return pass(Precision::kDouble);
  }
  return false;
}

// Makes the estimate the anchor, with the expansion's gradient there, which lacks the remainder;
// returns the lengths of its displacement.
Expansion::Lengths LogisticPath::advance_linear() {
  const std::size_t stride = expansion_.stride();
  const bool multiplies = expansion_.has_third() || multiplies_;
  if (multiplies) {
    std::copy(displacement_.begin(), displacement_.end(), middle_.begin());
    kernels_.add_scaled(middle_.data(), stride, step_.data(), 1.0);
    expansion_.hessian().multiply(middle_, curved_);
    linear_ = expansion_.gradient();
    linear_length_ = length(linear_);
    curved_length_ = length(curved_);
  }
  const kernels::AnchorSizes sizes =
      kernels_.move_anchor(displacement_.data(), step_.data(), linear_.data(), curved_.data(),
                           gradient_.data(), stride, expansion_.hessian().diagonal().data());
  const Expansion::Lengths lengths = expansion_.lengths(sizes.displacement);
  const double bent = lengths.of_coordinates;
  linear_error_ = (multiplies ? expansion_.hessian_rounding() * bent
                              : linear_error_ + curved_error_ + 2 * kRounding * bent) +
                  4 * kRounding * (linear_length_ + curved_length_) * expansion_.inverse_root();
  linear_length_ = std::sqrt(sizes.linear);
  curved_error_ = curved_length_ = step_length_ = 0;
  displacement_length_ = lengths.plain;
  displacement_bent_ = bent;
  return lengths;
}

// Makes the estimate the anchor.
bool LogisticPath::pass(Precision precision) {
  precision_ = precision;
  const Expansion::Lengths lengths = advance_linear();
  const Expansion::Remainder remainder = expansion_.add_remainder(
      displacement_, lengths, precision == Precision::kWidened, gradient_, shifts_);
  shift_growth_ = remainder.growth;
  // Errors of margins at the base weigh with the curvatures at the anchor.
  anchor_rounding_ =
      remainder.rounding + shift_growth_ * expansion_.gradient_rounding() + linear_error_;
  if (!std::isfinite(anchor_rounding_)) return rebase(kInfinite);
  if (precision == Precision::kDouble)
    anchor_rounding_ = expansion_.exact_gradient(displacement_, shift_growth_, gradient_);
  if (expansion_.has_third()) unsolved_ = gradient_;
  gradient_length_ = length(gradient_);
  return true;
}

void LogisticPath::start_base(const Eigen::VectorXd& weights) {
  newton_.start_from(weights);
  optimum_.weights = weights;
  std::copy_n(weights.data(), columns_, weights_.begin());
  if (RefitPolicy::is_worth_base(members_.size())) build(kInfinite);
}

const FittedOptimum& LogisticPath::fit(bool anchor) {
  if (expansion_.has_base()) newton_.start_from(optimum_.weights);
  const FittedOptimum& optimum = newton_.fit();
  optimum_.weights = optimum.weights;
  expansion_.drop();
  if (anchor && RefitPolicy::is_worth_base(members_.size())) {
    std::copy_n(optimum.weights.data(), columns_, weights_.begin());
    build(kInfinite);
  }
  return optimum;
}

}  // namespace shapcpp
