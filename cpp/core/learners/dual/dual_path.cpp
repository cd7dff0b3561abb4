#include "core/learners/dual/dual_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/sums.hpp"
#include "core/learners/tie.hpp"
#include "core/numerics/logistic_function.hpp"

namespace shapcpp {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Directions for one coalition, and inverses built for it, before it is left to a fit.
constexpr int kMostDirections = 200;
constexpr int kMostBuilds = 12;
// What a step leaves of the error by its own model: beyond that the model errs.
constexpr double kStepShare = 0.1;
// An estimate after which more than this is left is not worth repeating.
constexpr double kSlow = 0.5;
// A build costs as much as this many directions for each member, beyond those that are needed
// anyway.
constexpr double kBuildCost = 0.5;
constexpr int kNeededDirections = 2;
// Coalitions over which the effort is averaged.
constexpr double kMemory = 16;
// The error is below what lately decided all signs, and follows it slowly up and quickly down.
constexpr double kFirstTarget = 1e-4;
constexpr double kLargestTarget = 1e-2;
constexpr double kLeastTarget = 1e-10;
constexpr double kTargetGrowth = 1.2;
constexpr double kTargetCut = 0.25;
// Margins beyond this have curvatures next to underflow.
constexpr double kLargestMargin = 600;

}  // namespace

DualPath::DualPath(const DualMembers& members, std::size_t positive, const Context& context)
    : members_(members),
      positive_(positive),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      rotation_(members.gram().problem()),
      columns_(members.gram().problem().columns()),
      inverse_(members.capacity(), members.suit_single(), members.room()),
      scores_(members),
      signs_(members.products().pitch),
      coefficients_(signs_.size()),
      margins_(signs_.size()),
      residuals_(signs_.size()),
      curvatures_(signs_.size()),
      excess_(signs_.size()),
      inverse_now_(signs_.size()),
      step_(signs_.size()),
      direction_(signs_.size()),
      left_(signs_.size()),
      scaled_(signs_.size()),
      moved_(signs_.size()) {}

double DualPath::bytes(const RunShape& s) {
  return kNumberBytes * DualMembers::most(s) * DualMembers::most(s) / 2;
}

void DualPath::clear() {
  for (AlignedVector* vector :
       {&signs_, &coefficients_, &margins_, &excess_, &inverse_now_, &scaled_, &moved_, &left_,
        &step_.coefficients, &step_.margins, &direction_.coefficients, &direction_.margins})
    std::fill_n(vector->begin(), padded_rows(size_), 0.0);
  size_ = 0;
  inverse_.clear();
  scores_.clear();
  intercept_ = excess_steps_ = 0;
  is_certain_ = false;
  effort_ = 0;
  target_ = kFirstTarget;
}

void DualPath::join(std::size_t i) {
  signs_[size_] = members_.training().class_of(i) == positive_ ? 1.0 : -1.0;
  if (inverse_.size() > 0) {
    double margin = intercept_;
    for (std::size_t l = 0; l < size_; ++l) margin += members_.newest()[l] * coefficients_[l];
    margins_[size_] = margin;
    move_own(inverse_.expect(members_.newest(), members_.products().at(size_, size_)));
  }
  ++size_;
  is_certain_ = false;
  builds_ = 0;
}

// The joining sample moves the optimum as if all other losses were quadratic.
void DualPath::move_own(const DualInverse::Joining& joining) {
  const double sign = signs_[size_];
  const double a = members_.weights()[size_];
  const double pull = balance(margins_[size_], joining.square, a, sign > 0 ? 1.0 : 0.0);
  const AlignedVector& v = inverse_.product();
  const double share = joining.one / inverse_.sum();
  for (std::size_t i = 0; i < size_; ++i) {
    const double change = -pull * (v[i] + share * inverse_.ones()[i]);
    coefficients_[i] += change;
    margins_[i] -= change * inverse_.inverse_curvatures()[i];
  }
  coefficients_[size_] = pull;
  margins_[size_] += joining.square * pull;
  intercept_ += pull * share;
  const Probabilities chance = probabilities(sign * margins_[size_]);
  inverse_.join(joining, a * chance.right * chance.wrong);
}

// From the best constant prediction.
bool DualPath::start() {
  double positive = 0;
  double negative = 0;
  for (std::size_t i = 0; i < size_; ++i)
    (signs_[i] > 0 ? positive : negative) += members_.weights()[i];
  intercept_ = std::log(positive / negative);
  std::fill_n(coefficients_.begin(), size_, 0.0);
  std::fill_n(margins_.begin(), size_, intercept_);
  evaluate();
  return build();
}

bool DualPath::build() {
  ++builds_;
  ++statistics_.hessian_builds;
  excess_steps_ = 0;
  return inverse_.build(members_.products(), curvatures_, size_, checkpoint_);
}

// Residuals and curvatures at the margins, and the error of the gradient there (Lemma 24).
void DualPath::evaluate() {
  kernels_.logistic(margins_.data(), signs_.data(), members_.weights().data(), padded_rows(size_),
                    residuals_.data(), curvatures_.data());
  error_ = std::sqrt(kernels_.excess(coefficients_.data(), residuals_.data(), curvatures_.data(),
                                     size_, excess_.data(), inverse_now_.data()));
}

// Steps until the error is below the target, or they no longer help. A new inverse follows where
// steps beyond those that it would need have cost as much, and where they lead astray.
void DualPath::approach(double target, bool from_afar) {
  const double cost = kBuildCost * static_cast<double>(size_);
  if (!from_afar && effort_ > kNeededDirections) inverse_.renew(curvatures_);
  int taken = 0;
  while (!(error_ <= target) && taken < kMostDirections) {
    const double before = error_;
    const int directions = step(std::max(kStepShare, 0.5 * target / error_));
    excess_steps_ += std::max(directions - std::max(kNeededDirections - taken, 0), 0);
    taken += directions;
    const bool is_astray =
        directions == kMostAtOnce || is_broken_ || (from_afar && !(error_ < before));
    if (!is_astray && !(excess_steps_ > cost)) continue;
    if (builds_ >= kMostBuilds || !build()) return;
  }
  if (!from_afar) effort_ += (taken - effort_) / kMemory;
}

// The margins of the coefficients as they are, and the bounds there.
void DualPath::certify() {
  kernels_.multiply_blocks(members_.products().data(), size_, coefficients_.data(),
                           margins_.data());
  for (std::size_t i = 0; i < size_; ++i) margins_[i] += intercept_;
  evaluate();
  scores_.set(coefficients_, intercept_, bound());
}

// Lemmas 24 to 26.
DualScores::Bounds DualPath::bound() const {
  double curvature = 0, sum = 0, absolute = 0, reached = 0, mass = 0, moment = 0;
  double squared_length = 0, squared_margin = 0, terms = 0, largest = 0, weights = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const double c = curvatures_[i], b = std::abs(coefficients_[i]), r = std::abs(residuals_[i]);
    const double z = std::abs(margins_[i]);
    curvature += c;
    sum += coefficients_[i];
    absolute += b;
    reached += b * members_.lengths()[i];
    mass += r;
    moment += r * members_.lengths()[i];
    squared_length += c * members_.lengths()[i] * members_.lengths()[i];
    squared_margin += c * z * z;
    terms += (b + r) * (b + r) / c;
    largest = std::max(largest, z);
    weights += coefficients_[i] * (margins_[i] - intercept_);
  }
  const double k = static_cast<double>(size_);
  const double q = static_cast<double>(columns_);
  DualScores::Bounds bounds;
  bounds.radius = bounds.floor = bounds.gradient = kInfinite;
  bounds.dot_rounding = (q + 4) * kRounding;
  bounds.sum_rounding = (q + 2 * k + 16) * kRounding;
  bounds.coefficients = reached;
  // The squared length is known to the rounding of the products.
  const double of_products = bounds.sum_rounding * reached * reached;
  bounds.weights_length = std::sqrt(std::max(weights, 0.0) + 2 * of_products);
  const double of_margin =
      bounds.sum_rounding * members_.longest() * reached + 4 * kRounding * largest;
  if (!(of_margin < 1e-7) || !(largest < kLargestMargin) || !(error_ < kInfinite)) return bounds;

  const double spread = 1 / std::sqrt(curvature);
  bounds.offset = (members_.longest() + spread) * (1 + 1e-6);
  const double in_margins = bounds.sum_rounding * reached * std::sqrt(squared_length) +
                            4 * kRounding * std::sqrt(squared_margin);
  const double unbalanced = std::abs(sum) + k * kRounding * absolute;
  const double norm =
      bounds.weights_length / std::sqrt(members_.gram().least_penalty()) + std::abs(intercept_);
  const double trace = members_.largest_norm() * members_.largest_norm() * curvature;
  const double of_rotation = rotation_.of_gradient(members_.largest_norm() * mass, norm, trace);
  const double error = (1 + 1e-6) *
                       (error_ + in_margins + 12 * kRounding * std::sqrt(terms) +
                        unbalanced * spread + unbalanced * members_.longest() + of_rotation) *
                       (1 + 2 * rotation_.of_hessian(trace));
  const double leverage = (2 * members_.longest() + spread) * (1 + 1e-6) +
                          rotation_.of_leverage(members_.largest_norm());
  const double contraction = leverage * error;
  bounds.gradient = error;
  if (contraction < 0.5 && rotation_.of_hessian(trace) < 0.01)
    bounds.radius = error / (1 - contraction);
  // An upper bound of the gradient's rounding in a fit.
  const double of_gradient =
      bounds.dot_rounding * (bounds.weights_length * std::sqrt(q + squared_length) +
                             std::abs(intercept_) * std::sqrt(curvature)) +
      sum_rounding(size_) * (std::sqrt(q) * moment + mass * (members_.longest() + spread)) +
      2 * kRounding * bounds.weights_length + of_rotation;
  bounds.floor = 4 * kTieWidth * of_gradient;
  bounds.margin_rounding = rotation_.of_margin(members_.largest_norm() * mass, norm, bounds.radius);
  return bounds;
}

std::optional<Eigen::VectorXd> DualPath::weights() const {
  if (!has_estimate()) return std::nullopt;
  const auto values = scores_.weights();
  Eigen::VectorXd weights =
      Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
  if (!weights.allFinite()) return std::nullopt;
  return weights;
}

const DualScores& DualPath::estimate() {
  if (is_certain_) return scores_;
  is_certain_ = true;
  is_stuck_ = false;
  const bool from_afar = inverse_.size() == 0;
  if (from_afar && !start()) {
    inverse_.clear();
    is_stuck_ = true;
    return scores_;
  }
  evaluate();
  approach(target_, from_afar);
  certify();
  target_ = std::min(std::max(target_, error_) * kTargetGrowth, kLargestTarget);
  return scores_;
}

// Errors by margins that are added up may be too small: those in the certificate count. Where they
// stay large the inverse is to blame, unless it is new.
bool DualPath::refine() {
  if (is_stuck_ || inverse_.size() == 0 || error_ <= kLeastTarget) return false;
  target_ = std::min(std::max(target_, error_), kLargestTarget) * kTargetCut;
  const double before = error_;
  approach(kTargetCut * before, false);
  certify();
  is_stuck_ = !(error_ < kSlow * before) && (builds_ > 0 || !build());
  return true;
}

}  // namespace shapcpp
