#include "core/learners/discriminant/discriminant_analysis.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/learners/convergence_error.hpp"
#include "core/learners/tie.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

constexpr double kMostDrift = 0.1;
constexpr int kSteps = 2;  // from zero to the optimum, up to rounding
constexpr int kMostExactSteps = 40;
constexpr double kLeft = 1e-9;  // of the radius, after refinement

}  // namespace

DiscriminantAnalysis::DiscriminantAnalysis(const Problem& problem, const Context& context)
    : problem_(problem),
      training_(problem.training()),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      dot_rounding_((static_cast<double>(columns_) + 8) * kRounding),
      scatter_(training_, problem.n_classes()),
      matrix_(checked_product(columns_, stride_, "the scatter")),
      inverse_(matrix_.size()),
      inverter_(columns_, stride_),
      roots_(columns_),
      inverse_roots_(columns_),
      scores_(*this) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k)
    discriminants_.push_back({.weights = AlignedVector(stride_)});
}

double DiscriminantAnalysis::bytes(const RunShape& s) {
  return Scatter::bytes(s) + kNumberBytes * s.columns() * (4 * s.columns() + 3 * s.classes() + 2);
}

const FittedScores& DiscriminantAnalysis::fit(const OpenPairs&) {
  ++statistics_.fits;
  invert();
  for (std::size_t k = 0; k < discriminants_.size(); ++k)
    if (scatter_.class_size(k) > 0) solve(k);
  return scores_;
}

void DiscriminantAnalysis::fail() const {
  throw ConvergenceError(
      "the fit of a coalition of " + std::to_string(scatter_.size()) +
      " samples missed its tolerance: C times the squared size of the features is too "
      "large for double precision; lower C or standardise the features (scale=\"standard\", "
      "--scale standard)");
}

void DiscriminantAnalysis::invert() {
  ++statistics_.hessian_builds;
  const std::size_t d = scatter_.features();
  std::fill(matrix_.begin(), matrix_.end(), 0.0);
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t l = 0; l <= j; ++l)
      matrix_[j * stride_ + l] = matrix_[l * stride_ + j] = scatter_.within(j, l).high;
    matrix_[j * (stride_ + 1)] += training_.penalty()[static_cast<Eigen::Index>(j)];
  }
  matrix_[d * (stride_ + 1)] = 1;
  inverse_ = matrix_;
  if (!inverter_.invert(inverse_, checkpoint_)) fail();
  double condition = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    roots_[j] = std::sqrt(matrix_[j * (stride_ + 1)]);
    inverse_roots_[j] = std::sqrt(std::max(inverse_[j * (stride_ + 1)], 0.0));
    condition += matrix_[j * (stride_ + 1)] * inverse_[j * (stride_ + 1)];
  }
  const auto n = static_cast<double>(columns_);
  drift_ = (n * n * n + 20 * n) * kRounding * std::max(condition, n);  // Lemma 12
  if (!(drift_ < kMostDrift)) fail();
  inverse_root_ =
      (1 + drift_) * std::sqrt(kernels_.largest_row_sum(inverse_.data(), columns_, stride_));
}

// N m_k - A w, and its length in the norm of A^-1.
double DiscriminantAnalysis::left_of(const AlignedVector& weights, std::size_t k,
                                     AlignedVector& left) const {
  const auto size = static_cast<double>(scatter_.size());
  kernels_.multiply(matrix_.data(), columns_, stride_, weights.data(), left.data());
  for (std::size_t j = 0; j < scatter_.features(); ++j)
    left[j] = size * scatter_.mean(k)[j].high - left[j];
  left[scatter_.features()] = 0;
  AlignedVector product(stride_);
  kernels_.multiply(inverse_.data(), columns_, stride_, left.data(), product.data());
  const double square = kernels_.dot(left.data(), product.data(), stride_);
  return (1 + drift_) * std::sqrt(std::max(square, 0.0));
}

void DiscriminantAnalysis::solve(std::size_t k) {
  checkpoint_();
  Discriminant& own = discriminants_[k];
  std::fill(own.weights.begin(), own.weights.end(), 0.0);
  AlignedVector left(stride_);
  AlignedVector step(stride_);
  for (int i = 0; i < kSteps; ++i) {
    left_of(own.weights, k, left);
    kernels_.multiply(inverse_.data(), columns_, stride_, left.data(), step.data());
    for (std::size_t j = 0; j < scatter_.features(); ++j) own.weights[j] += step[j];
  }
  bound(k, left_of(own.weights, k, left));
  double product = 0;
  for (std::size_t j = 0; j < scatter_.features(); ++j)
    product += scatter_.mean(k)[j].high * own.weights[j];
  own.weights[scatter_.features()] =
      std::log(static_cast<double>(scatter_.class_size(k))) - product / 2;
  own.length = std::sqrt(kernels_.dot(own.weights.data(), own.weights.data(), stride_));
  own.exact.clear();
  if (!std::isfinite(own.radius) || !std::isfinite(own.error)) fail();
}

// Lemma 17. The error of A w - N m, column by column: from the rounding of the product, and from
// the rounding of members relative to their own size, which moves means and the scatter. A
// deviation from a mean errs by two roundings of the member, so that S_jl errs by 4 u (sqrt(S_jj)
// X_l + X_j sqrt(S_ll)), where X_j^2 is the sum of squares of feature j.
void DiscriminantAnalysis::bound(std::size_t k, double left) {
  Discriminant& own = discriminants_[k];
  const auto size = static_cast<double>(scatter_.size());
  double in_roots = 0;
  double in_members = 0;
  double product = 0;
  double sizes = 0;
  double squares = 0;
  own.members = 0;
  for (std::size_t j = 0; j < scatter_.features(); ++j) {
    own.members += (1 + drift_) * inverse_roots_[j] * scatter_.magnitude(k, j);
    const double weight = std::abs(own.weights[j]);
    in_roots += weight * roots_[j];
    in_members += weight * std::sqrt(scatter_.squares(j));
    product += own.weights[j] * scatter_.mean(k)[j].high;
    sizes += weight * scatter_.magnitude(k, j);
    squares += weight * weight;
  }
  double rounding = 0;
  for (std::size_t j = 0; j < scatter_.features(); ++j)
    rounding +=
        inverse_roots_[j] *
        (dot_rounding_ * (roots_[j] * in_roots + size * scatter_.magnitude(k, j)) +
         4 * kRounding * (roots_[j] * in_members + std::sqrt(scatter_.squares(j)) * in_roots));
  // |m_k|_{A^-1}; the effect of a rotation is as for ridge regressions (Lemma 1).
  const double mean = (1 + drift_) * std::sqrt(std::max(product, 0.0) / size);
  double rotation = 0;
  if (training_.rotation_error() > 0) {
    const double root = 1 / std::sqrt(training_.rotated_penalty());
    const double mass =
        scatter_.largest_norm() * size * (2 * mean * std::sqrt(size) * (1 + drift_) + 1);
    const double length = std::sqrt(squares);
    rotation = training_.rotation_error() *
               (mass * root + 2 * scatter_.largest_norm() * length * std::sqrt(size));
    own.margin_rotation =
        2 * training_.rotation_error() *
        ((1 + problem_.test().outside()) * (length + left * root) +
         problem_.test().outside() * mass * root * root + scatter_.largest_norm() * length);
  }
  rounding = (1 + drift_) * rounding + rotation;
  own.radius = left + rounding;
  own.floor = kTieWidth * rounding;
  own.error = mean * std::max(own.radius, own.floor) + dot_rounding_ * (sizes + std::log(size) + 1);
}

bool DiscriminantAnalysis::has_equal_means(const Pair& pair) const {
  for (std::size_t j = 0; j < scatter_.features(); ++j)
    if (scatter_.mean(pair.leader)[j].high != scatter_.mean(pair.rival)[j].high) return false;
  return true;
}

// The weights again, from the members in working coordinates, in double-double.
const std::vector<DoubleDouble>& DiscriminantAnalysis::exact(std::size_t k) {
  Discriminant& own = discriminants_[k];
  if (!own.exact.empty()) return own.exact;
  const std::size_t d = scatter_.features();
  std::vector<DoubleDouble> refined(columns_);
  for (std::size_t j = 0; j < d; ++j) refined[j].high = own.weights[j];
  AlignedVector left(stride_);
  AlignedVector step(stride_);
  for (int i = 0; i < kMostExactSteps; ++i) {
    checkpoint_();
    for (std::size_t j = 0; j < d; ++j) {
      DoubleDouble sum = scatter_.mean(k)[j] * static_cast<double>(scatter_.size());
      for (std::size_t l = 0; l < d; ++l)
        sum = sum + -(scatter_.within(std::max(j, l), std::min(j, l)) * refined[l]);
      left[j] = (sum + -(refined[j] * training_.penalty()[static_cast<Eigen::Index>(j)])).high;
    }
    kernels_.multiply(inverse_.data(), columns_, stride_, left.data(), step.data());
    for (std::size_t j = 0; j < d; ++j) refined[j] = refined[j] + step[j];
    const double square = kernels_.dot(left.data(), step.data(), stride_);
    if (std::sqrt(std::max(square, 0.0)) <= kLeft * own.radius) break;
  }
  DoubleDouble intercept;
  for (std::size_t j = 0; j < d; ++j) intercept = intercept + scatter_.mean(k)[j] * refined[j];
  refined[d] = intercept * -0.5 + std::log(static_cast<double>(scatter_.class_size(k)));
  own.exact = std::move(refined);
  return own.exact;
}

}  // namespace shapcpp
