#include "core/learners/multinomial/softmax_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/multinomial/own_loss.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Rough passes are for steps that are this many times longer than what single precision adds.
constexpr double kAboveNoise = 4;
// A sample whose logits move by a smaller range when it joins is expanded where it is.
constexpr double kWorthOffset = 0.5;
// A step at whose end the objective rises by more than this share of how steeply it falls at the
// start is shortened, so often at most.
constexpr double kSteep = 0.5;
constexpr int kMostRetreats = 3;
// Traces, in the norm of H, of what may be left out of the metric: of one sample, and about, since
// the last base.
constexpr double kMostOfSample = 0.1;
constexpr double kMostLeftOut = 3;

}  // namespace

SoftmaxPath::SoftmaxPath(const Problem& problem, const Members& members, const Arrivals& arrivals,
                         const Context& context)
    : training_(problem.training()),
      members_(members),
      arrivals_(arrivals),
      kernels_(context.kernels),
      sums_(problem, members, arrivals, context),
      newton_(problem, members, arrivals, sums_, context),
      metric_(problem, members, sums_, context),
      secants_(metric_, context.kernels),
      policy_(problem.columns()),
      anchor_(sums_.capacity()),
      expanded_(checked_product(tiled_rows(training_.size()), problem.n_classes(), "logits")),
      inverses_(expanded_.size()),
      variances_(tiled_rows(training_.size())),
      class_step_(sums_.capacity()),
      optimum_(sums_, arrivals, metric_.matrix()) {}

double SoftmaxPath::bytes(const RunShape& s) {
  return SoftmaxSums::bytes(s) + SoftmaxNewton::bytes(s) + SoftmaxMetric::bytes(s) +
         kNumberBytes * s.samples() * (2 * s.classes() + 1);
}

void SoftmaxPath::clear() {
  forecast_.clear();
  has_base_ = false;
  starts_base_ = true;
  is_stretched_ = false;
  std::fill(optimum_.weights.begin(), optimum_.weights.end(), 0.0);
  policy_.clear();
}

void SoftmaxPath::settle(bool decided) {
  policy_.settle(decided);
  if (decided) forecast_.settle(optimum_.radius);
}

void SoftmaxPath::join(std::size_t i, bool is_new_class) {
  policy_.join();
  forecast_.join();
  if (is_new_class) start_class();
  // Several samples of one player join without an estimate between them. Of an anchor after a rough
  // pass nothing is known that a sample could join.
  has_base_ = has_base_ && !is_rough_ && !metric_.matrix().is_full();
  if (has_base_) absorb(i);
}

// Nothing is known of a class that was not there. The next base or fit starts where it is as rare
// as its only member is.
void SoftmaxPath::start_class() {
  leave_stretch();
  has_base_ = false;
  starts_base_ = true;
  const std::size_t own = sums_.contrasts();
  const auto classes = static_cast<double>(sums_.classes());
  double* intercept = optimum_.weights.data() + sums_.columns() - 1;
  const double rarity = std::log(static_cast<double>(members_.size())) / classes;
  for (std::size_t k = 0; k < own; ++k) intercept[k * sums_.stride()] += rarity;
  intercept[own * sums_.stride()] -= rarity * (classes - 1);
}

Eigen::VectorXd SoftmaxPath::logits_of(const AlignedVector& weights) const {
  Eigen::VectorXd logits(static_cast<Eigen::Index>(sums_.classes()));
  for (std::size_t k = 0; k < sums_.classes(); ++k)
    logits[static_cast<Eigen::Index>(k)] =
        kernels_.dot(metric_.x().data(), weights.data() + k * sums_.stride(), sums_.stride());
  return logits;
}

// Expands the loss of the newest member at the logits that it has at the estimate, or will have
// once it has joined if those are far away.
void SoftmaxPath::absorb(std::size_t i) {
  const double weight = training_.weight_of(i);
  const std::size_t row = members_.size() - 1;
  const auto own = static_cast<std::size_t>(arrivals_.own()[row]);
  metric_.measure(i);
  const Eigen::VectorXd anchor = logits_of(anchor_);
  const Eigen::VectorXd estimate = anchor + logits_of(class_step_);
  const Eigen::VectorXd balanced =
      balanced_logits(sums_.helmert(), estimate, metric_.gram(), weight, own);
  const bool moves_far = range(balanced - estimate) > kWorthOffset;
  const Eigen::VectorXd& at = moves_far ? balanced : estimate;
  expand(row, at, anchor, weight);
  policy_.absorb(moves_far);
  if (policy_.passes_at_once(size())) {
    Eigen::VectorXd residual = weight * softmax(balanced);
    residual[static_cast<Eigen::Index>(own)] -= weight;
    metric_.subtract_product(sums_.helmert().from_classes(residual), step_);
    is_solved_ = false;
    sums_.helmert().to_classes(step_.data(), sums_.classes(), class_step_.data());
  }
  move_anchor(i, anchor);
}

// Lemma 34: what is left out matters to no bound once shifts are so large that Lemma 20 says
// nothing, even by their moments. It spares rows that later products would read.
double SoftmaxPath::spare() const {
  const double by_moments = std::sqrt(std::sqrt(shifts_.fourth) * metric_.leverage());
  const bool says_nothing = std::min(shifts_.largest, by_moments) > 1;
  return says_nothing && metric_.left_out() < kMostLeftOut ? kMostOfSample : 0;
}

// The curvature of the newest member's loss where it is expanded, and its shift from there.
void SoftmaxPath::expand(std::size_t row, const Eigen::VectorXd& at, const Eigen::VectorXd& anchor,
                         double weight) {
  const Eigen::VectorXd p = softmax(at);
  metric_.absorb(p, weight, spare());
  secants_.absorb();
  const double likely = p.maxCoeff();
  const double variance = likely > 0.5 ? likely * (1 - likely + 8 * kRounding) : 0.25;
  variances_[row] = weight * variance;
  sums_.absorb(p, weight, metric_.x());
  for (std::size_t k = 0; k < sums_.classes(); ++k) {
    expanded_[place(row, k)] = at[static_cast<Eigen::Index>(k)];
    inverses_[place(row, k)] = 1 / p[static_cast<Eigen::Index>(k)];
  }
  if (row % kernels::kRowMultiple == 0) empty_rows_after(row);
  const double shift = range(anchor - at) + 8 * sums_.dot_rounding() * members_.largest_norm() *
                                                (sums_.length(anchor_) + sums_.length(class_step_));
  shifts_.largest = std::max(shifts_.largest, shift);
  decline_ = std::max(decline_, std::exp(shift));
  shifts_.fourth += variances_[row] * shift * shift * shift * shift;
}

// The sample joins at the anchor: its residual there, and the error of that.
void SoftmaxPath::move_anchor(std::size_t i, const Eigen::VectorXd& logits) {
  const double weight = training_.weight_of(i);
  const auto own = static_cast<Eigen::Index>(arrivals_.own()[members_.size() - 1]);
  Eigen::VectorXd residual = weight * softmax(logits);
  residual[own] = 0;
  residual[own] = -residual.sum();
  const Eigen::VectorXd factors = sums_.helmert().from_classes(residual);
  const std::size_t columns = sums_.columns();
  for (Eigen::Index j = 0; j < factors.size(); ++j)
    for (std::size_t l = 0; l < columns; ++l)
      gradient_[static_cast<std::size_t>(j) * columns + l] += factors[j] * metric_.x()[l];
  double size = 0;
  for (std::size_t k = 0; k < sums_.classes(); ++k) {
    const double term = std::abs(residual[static_cast<Eigen::Index>(k)]);
    size += term;
    double* magnitude = sums_.magnitude().data() + k * sums_.stride();
    for (std::size_t j = 0; j < columns; ++j) magnitude[j] += term * std::abs(metric_.x()[j]);
  }
  const double terms = 3 * static_cast<double>(sums_.classes()) + 30;
  const double of_logits =
      2 * weight * sums_.dot_rounding() * training_.norm_of(i) * sums_.length(anchor_);
  anchor_rounding_ += metric_.own_leverage() * (terms * kRounding * size + of_logits) +
                      4 * kRounding * length(gradient_) * metric_.inverse_root();
}

double SoftmaxPath::length(const AlignedVector& contrasts) const {
  return std::sqrt(kernels_.dot(contrasts.data(), contrasts.data(), contrasts.size()));
}

// Norms of units of a class in a column: projected on contrasts they are no longer than 1.
double SoftmaxPath::rounding_at(const AlignedVector& weights) const {
  return sums_.rounding(weights,
                        [this](std::size_t, std::size_t j) { return metric_.column_root(j); });
}

const EstimatedSoftmax& SoftmaxPath::estimate() {
  optimum_.radius = kInfinite;
  if (!has_base_ || metric_.has_drifted()) return optimum_;
  if (!policy_.tries_estimate(size())) return optimum_;
  solve();
  if (is_rough_) {
    forecast_.note_length(error_.decrement);
    return optimum_;
  }
  bound_step();
  double length = takes_step_ ? 1 : 0;
  double growth = error_.growth;
  optimum_.radius = radius();
  if (const Stretch stretch = step_stretch(); stretch.radius < optimum_.radius) {
    optimum_.radius = stretch.radius;
    length = stretch.middle;
    growth = stretch.growth;
  }
  is_stretched_ = length > 1;
  optimum_.weights = anchor_;
  kernels_.add_scaled(optimum_.weights.data(), optimum_.weights.size(), class_step_.data(), length);
  forecast_.note(optimum_.radius, error_.decrement, error_.rounding);
  if (forecast_.is_hopeless(optimum_.radius)) optimum_.radius = kInfinite;
  // More than the value of a fit, whose curvatures and residuals differ by the growth.
  optimum_.floor = 4 * kTieWidth * growth * rounding_at(optimum_.weights);
  const double lengths = sums_.length(anchor_) + std::max(length, 1.0) * sums_.length(class_step_);
  optimum_.margin_rounding = (static_cast<double>(sums_.classes()) + 6) * kRounding * lengths +
                             2 * sums_.margin_rounding(optimum_.weights, optimum_.radius);
  optimum_.inverse_root = metric_.inverse_root();
  optimum_.norm_error = metric_.drift();
  return optimum_;
}

bool SoftmaxPath::refine() {
  if (!has_base_) return false;
  forecast_.fail();
  const bool may_be_rough = forecast_.length_after_pass() > kAboveNoise * noise_;
  const auto refinement =
      policy_.refine(size(), {.decrement = error_.decrement,
                              .is_rounding_bound = false,
                              .has_drifted = metric_.has_drifted(),
                              .next_excess = may_be_rough ? forecast_.excess_after_pass() : 0});
  switch (refinement) {
    case RefitPolicy::Refinement::kNone: return false;
    case RefitPolicy::Refinement::kBase:
      if (!policy_.may_build()) return has_base_ = false;
      add_step();
      return build();
    case RefitPolicy::Refinement::kRoughPass:
    case RefitPolicy::Refinement::kPass:
    case RefitPolicy::Refinement::kWidenedPass:
    case RefitPolicy::Refinement::kExactPass:
      forecast_.pass();
      move(refinement == RefitPolicy::Refinement::kRoughPass);
      std::fill(step_.begin(), step_.end(), 0.0);
      return true;
  }
  return false;
}

// The first base of these classes, without a fit: few of its steps serve to come near the optimum.
// Tried once: where there is none, bases come from fits.
bool SoftmaxPath::start_base() {
  if (!starts_base_ || !RefitPolicy::is_worth_base(members_.size())) return false;
  starts_base_ = false;
  leave_stretch();
  newton_.start_from(optimum_.weights);
  const AlignedVector* near = newton_.approach();
  if (near == nullptr) return false;
  optimum_.weights = anchor_ = *near;
  return build();
}

// Moves the anchor by the step that secants teach, where the step is the model's.
void SoftmaxPath::move(bool is_rough) {
  const bool is_plain = is_solved_;
  if (is_plain) plain_ = step_;
  if (is_plain && secants_.has_any()) {
    secants_.turn_step(gradient_, step_);
    sums_.helmert().to_classes(step_.data(), sums_.classes(), class_step_.data());
  }
  add_step();
  before_ = gradient_;
  pass(is_rough);
  for (int i = 0; i < kMostRetreats && retreat(); ++i) pass(is_rough);
  secants_.note(step_, before_, gradient_, is_plain ? &plain_ : nullptr);
}

// Along the step the objective falls at first. Where it rises steeply at the end, the step led far
// beyond its least value: the anchor goes back to where the slope would be zero if it were linear.
// False if it stays.
bool SoftmaxPath::retreat() {
  const double start = kernels_.dot(step_.data(), before_.data(), step_.size());
  const double end = kernels_.dot(step_.data(), gradient_.data(), step_.size());
  if (!(start < 0) || !(end > -kSteep * start)) return false;
  const double length = start / (start - end);
  sums_.helmert().to_classes(step_.data(), sums_.classes(), class_step_.data());
  kernels_.add_scaled(anchor_.data(), anchor_.size(), class_step_.data(), length - 1);
  std::fill(class_step_.begin(), class_step_.end(), 0.0);
  for (double& s : step_) s *= length;
  return true;
}

// The end of the step becomes the anchor.
void SoftmaxPath::add_step() {
  kernels_.add_scaled(anchor_.data(), anchor_.size(), class_step_.data(), 1.0);
  is_solved_ = false;
  std::fill(class_step_.begin(), class_step_.end(), 0.0);
}

// Beyond the end of the step an estimate is a centre, and no place to start from.
void SoftmaxPath::leave_stretch() {
  if (is_stretched_) optimum_.weights = anchor_;
  is_stretched_ = false;
}

const FittedSoftmax& SoftmaxPath::fit() {
  leave_stretch();
  newton_.start_from(optimum_.weights);
  const FittedSoftmax& fitted = newton_.fit();
  optimum_.weights = fitted.weights;
  has_base_ = false;
  if (policy_.keeps_fit() && RefitPolicy::is_worth_base(members_.size())) {
    anchor_ = fitted.weights;
    build();
  }
  return fitted;
}

}  // namespace shapcpp
