#include "logistic_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "logistic_function.hpp"

namespace shapcpp {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr int kMostRefinements = 6;
// The third derivative takes d / 3 Hessians to build: worth it where passes are long.
constexpr std::size_t kThirdFrom = 3000;
constexpr std::size_t kThirdColumns = 48;

}  // namespace

LogisticPath::LogisticPath(const Problem& problem, const Checkpoint& checkpoint,
                           Statistics& statistics)
    : problem_(problem),
      kernels_(kernels::kernels()),
      columns_(problem.columns()),
      least_members_(columns_ * std::min<std::size_t>(32 + columns_, 128) / 32),
      members_(problem),
      newton_(problem, members_, checkpoint, statistics),
      expansion_(problem, members_, checkpoint, statistics),
      displacement_(expansion_.stride()),
      gradient_(expansion_.stride()),
      step_(expansion_.stride()),
      unsolved_(expansion_.stride()),
      product_(expansion_.stride()),
      middle_(expansion_.stride()) {
  optimum_.dot_rounding = (static_cast<double>(columns_) + 4) * kRounding;
  optimum_.weights.setZero(static_cast<Eigen::Index>(columns_));
  optimum_.inverse = expansion_.inverse().data();
  optimum_.inverse_stride = expansion_.stride();
}

void LogisticPath::clear() {
  members_.clear();
  expansion_.clear();
  optimum_.weights.setZero();
  newton_.start_from(optimum_.weights);
  rate_ = 0;
}

void LogisticPath::join(std::size_t i) {
  refined_ = 0;
  members_.add(i);
  expansion_.absorb(i);
  if (!expansion_.has_base()) {
    newton_.expect(i);
    return;
  }
  ++joins_;
  ++joins_since_base_;
  const double shift =
      kernels_.dot(expansion_.sample().data(), displacement_.data(), expansion_.stride());
  const double a = problem_.weight_of(i);
  const double sign = problem_.class_of(i) == 1 ? 1.0 : -1.0;
  const double residual =
      -sign * a * logistic_function(-sign * (expansion_.sample_margin() + shift));
  kernels_.add_scaled(gradient_.data(), expansion_.stride(), expansion_.sample().data(), residual);
  const double margin_error = optimum_.dot_rounding * problem_.sample_norm(i) *
                              (length(expansion_.base()) + length(displacement_));
  anchor_rounding_ +=
      expansion_.sample_leverage() * (24 * kRounding * std::abs(residual) + a * margin_error) +
      2 * kRounding * length(gradient_) * expansion_.inverse_root();
  const double far = std::abs(shift) + margin_error;
  const double fourth = expansion_.sample_curvature() * far * far * far * far;
  shifts_.largest = std::max(shifts_.largest, far);
  shifts_.fourth += fourth;
  shifts_.eighth += fourth * far * far * far * far;
}

double LogisticPath::length(const AlignedVector& vector) const {
  return std::sqrt(kernels_.dot(vector.data(), vector.data(), vector.size()));
}

// result = gradient + H step + T[displacement + step / 2, step], T the third derivative
void LogisticPath::residual(const AlignedVector& step, AlignedVector& result) {
  const std::size_t stride = expansion_.stride();
  kernels_.multiply(expansion_.hessian().data(), columns_, stride, step.data(), result.data());
  kernels_.add_scaled(result.data(), stride, gradient_.data(), 1.0);
  if (!expansion_.has_third()) return;
  std::copy(displacement_.begin(), displacement_.end(), middle_.begin());
  kernels_.add_scaled(middle_.data(), stride, step.data(), 0.5);
  expansion_.third().contract(middle_, step, product_);
  kernels_.add_scaled(result.data(), stride, product_.data(), 1.0);
}

// One Newton step for the zero of the residual, with the inverse of the derivative to first order
// in T.
void LogisticPath::take_step() {
  const std::size_t stride = expansion_.stride();
  const auto solve = [&](const AlignedVector& right, AlignedVector& solution) {
    kernels_.multiply(expansion_.inverse().data(), columns_, stride, right.data(), solution.data());
  };
  if (!expansion_.has_third()) {
    solve(gradient_, step_);
    for (double& s : step_) s = -s;
    residual(step_, unsolved_);
    return;
  }
  AlignedVector& correction = middle_;
  residual(step_, unsolved_);
  solve(unsolved_, product_);
  std::copy(displacement_.begin(), displacement_.end(), correction.begin());
  kernels_.add_scaled(correction.data(), stride, step_.data(), 1.0);
  expansion_.third().contract(correction, product_, unsolved_);
  kernels_.add_scaled(step_.data(), stride, product_.data(), -1.0);
  solve(unsolved_, product_);
  kernels_.add_scaled(step_.data(), stride, product_.data(), 1.0);
  residual(step_, unsolved_);
}

LogisticPath::Error LogisticPath::bound() {
  const std::size_t stride = expansion_.stride();
  const double* step = step_.data();
  AlignedVector& scratch = product_;
  kernels_.multiply(expansion_.hessian().data(), columns_, stride, step, scratch.data());
  const double rounding = expansion_.hessian_rounding();
  const double size =
      std::sqrt(std::max(kernels_.dot(step, scratch.data(), stride), 0.0)) * (1 + rounding);
  // The largest shift along the step.
  const double R = std::min(members_.largest_norm() * length(step_), expansion_.leverage() * size);
  const double D = shifts_.largest;
  Error error;
  error.growth = D + R;
  const double x = error.growth;
  const double linear = x > 1e-5 ? std::expm1(x) / x : 1 + x;
  // Norms, weighted with the curvatures, of products of shifts of the anchor and along the step.
  const double fourth_of_step = std::sqrt(R * size);
  const double fourth = std::sqrt(shifts_.fourth);
  const double mixed = std::min(D * size, std::sqrt(fourth) * fourth_of_step);
  if (expansion_.has_third()) {
    const double quadratic = x > 1e-3 ? 2 * (std::expm1(x) - x) / (x * x) : 1 + x;
    const double squared =
        std::min({D * mixed, R * fourth, std::sqrt(std::sqrt(shifts_.eighth)) * fourth_of_step});
    error.total = quadratic / 2 * (squared + R * mixed + R * R * size / 3);
  } else {
    error.total = linear * (mixed + R * size / 2);
  }
  kernels_.multiply(expansion_.inverse().data(), columns_, stride, unsolved_.data(),
                    scratch.data());
  const double unsolved =
      std::sqrt(std::max(kernels_.dot(unsolved_.data(), scratch.data(), stride), 0.0));
  error.total +=
      (1 + expansion_.inverse_drift()) * unsolved + rounding * size + anchor_rounding_ +
      8 * kRounding * (length(gradient_) + length(unsolved_)) * expansion_.inverse_root();
  return error;
}

const Optimum& LogisticPath::estimate() {
  optimum_.radius = kInfinite;
  if (!expansion_.has_base() || expansion_.has_drifted()) return optimum_;
  take_step();
  for (std::size_t j = 0; j < columns_; ++j)
    optimum_.weights[static_cast<Eigen::Index>(j)] =
        expansion_.base()[j] + displacement_[j] + step_[j];
  optimum_.weights_rounding =
      3 * kRounding * (length(expansion_.base()) + length(displacement_) + length(step_));
  error_ = bound();
  const double leverage = expansion_.leverage();
  const double contraction =
      leverage * std::exp(error_.growth) * error_.total * (1 + expansion_.hessian_rounding());
  if (contraction < 0.9)
    optimum_.radius = (1 + expansion_.hessian_rounding()) *
                      (contraction > 0 ? -std::log1p(-contraction) / leverage : error_.total);
  optimum_.inverse_root = expansion_.inverse_root();
  optimum_.norm_error = expansion_.inverse_drift();
  return optimum_;
}

void LogisticPath::anchor_at_base() {
  std::fill(displacement_.begin(), displacement_.end(), 0.0);
  std::fill(step_.begin(), step_.end(), 0.0);
  gradient_ = expansion_.gradient();
  anchor_rounding_ = expansion_.gradient_rounding();
  shifts_ = {};
}

bool LogisticPath::rebase(double moved) {
  AlignedVector weights(expansion_.stride());
  std::copy_n(optimum_.weights.data(), columns_, weights.begin());
  const bool with_third = members_.size() >= kThirdFrom && columns_ <= kThirdColumns;
  joins_ = joins_since_base_ = passes_since_base_ = 0;
  if (!expansion_.build(weights, moved, with_third)) return false;
  anchor_at_base();
  return true;
}

// Costs per join are least if the base is moved when the passes it lately took cost as much, per
// join, as its building and all passes since.
bool LogisticPath::is_time_to_rebase() {
  const auto d = static_cast<double>(columns_);
  const auto k = static_cast<double>(members_.size());
  const double pass = k * (2 * d + 25) / 16 + 20 * d;
  double build = k * (3 * d + 60 + d * d / 2) / 8 + d * d * d / 8 + 50 * d;
  if (expansion_.has_third()) build += k * d * d * d / 48;
  rate_ = 0.7 * rate_ + 0.3 * (refined_ > 1 ? refined_ : 1 / std::max(joins_, 1.0));
  return rate_ * pass * joins_since_base_ > build + passes_since_base_ * pass;
}

bool LogisticPath::refine() {
  if (!expansion_.has_base() || refined_ >= kMostRefinements) return false;
  ++refined_;
  const bool time = is_time_to_rebase();
  joins_ = 0;
  if (expansion_.has_drifted() || !(error_.growth < 1.9) || refined_ >= 4 ||
      anchor_rounding_ > 0.3 * error_.total || time)
    return error_.growth < 4 && rebase(error_.growth);
  ++passes_since_base_;
  for (std::size_t j = 0; j < columns_; ++j) displacement_[j] += step_[j];
  std::fill(step_.begin(), step_.end(), 0.0);
  gradient_ = expansion_.gradient();
  kernels_.multiply(expansion_.hessian().data(), columns_, expansion_.stride(),
                    displacement_.data(), product_.data());
  kernels_.add_scaled(gradient_.data(), expansion_.stride(), product_.data(), 1.0);
  anchor_rounding_ = expansion_.gradient_rounding() +
                     expansion_.hessian_rounding() * expansion_.coordinate_length(displacement_) +
                     expansion_.add_remainder(displacement_, gradient_, shifts_);
  return std::isfinite(anchor_rounding_) || rebase(error_.growth);
}

const Optimum& LogisticPath::fit(bool anchor) {
  if (expansion_.has_base()) newton_.start_from(optimum_.weights);
  const Optimum& optimum = newton_.fit();
  optimum_.weights = optimum.weights;
  expansion_.drop();
  if (anchor && members_.size() >= least_members_) rebase(kInfinite);
  return optimum;
}

}  // namespace shapcpp
