#include "core/learners/logistic/newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/numerics/logistic_function.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;

constexpr int kWarmSteps = 25;
constexpr int kColdSteps = 500;
// Below this largest change of a member's margin a full Newton step decreases the objective.
constexpr double kSafeShift = 0.5;
// A penalty that is visible beside any sum of curvatures of separable samples, and the factor from
// one penalty to the next.
constexpr double kVisiblePenalty = 1e-4;
constexpr double kDescent = 16;

}  // namespace

Newton::Newton(const Problem& problem, const Coalition& members, const Context& context)
    : training_(problem.training()),
      members_(members),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      rotation_(problem),
      penalty_(training_.penalty()),
      optimum_(problem, members, context.checkpoint),
      margins_(tiled_rows(problem.training().size())),
      shifts_(margins_.size()),
      residuals_(kTileRows),
      curvatures_(kTileRows),
      scratch_(4 * kernels::kTileStride) {
  const auto columns = static_cast<Eigen::Index>(problem.columns());
  checked_product(problem.columns(), problem.columns(), "the Hessian");
  gradient_.resize(columns);
  magnitude_.resize(columns);
  hessian_.resize(columns, columns);
}

double Newton::bytes(const RunShape& s) {
  return kNumberBytes * (s.samples() * (1 + 1) +          // margins and shifts
                         5 * s.columns() * s.columns());  // the Hessian, its factor and roots
}

void Newton::start_from(const Eigen::VectorXd& weights) {
  optimum_.weights = weights;
  knows_curvature_ = false;
}

// Rank-one join: the old objective as its quadratic model, the new sample's loss exactly.
void Newton::expect(std::size_t i) {
  if (!knows_curvature_) return;
  const auto sample = training_.sample(i);
  const Eigen::Map<const Eigen::VectorXd> x(sample.data(), optimum_.weights.size());
  const double a = training_.weight_of(i);
  const Eigen::VectorXd inverse_x = factor_.solve(x);
  const double leverage = x.dot(inverse_x);
  const double margin = x.dot(optimum_.weights);
  const double c = balance(margin, leverage, a, members_.sign_of(i) > 0 ? 1.0 : 0.0);
  optimum_.weights += c * inverse_x;
  const double p = logistic_function(margin + leverage * c);
  factor_.rankUpdate(x, a * p * (1 - p));
}

const FittedOptimum& Newton::fit() {
  if (!members_.has_both_sides()) throw std::logic_error("a fit needs both sides");
  knows_curvature_ = true;
  optimum_.renew();
  ++statistics_.fits;
  if (reach(kWarmSteps)) return optimum_;
  // A warm start can lie where all losses are saturated and curvature says nothing. From zero,
  // where curvature is largest, margins grow by a few units a step.
  optimum_.weights.setZero();
  if (reach(kColdSteps)) return optimum_;
  if (descend()) return optimum_;
  throw ConvergenceError(
      "the fit of a coalition of " + std::to_string(members_.size()) +
      " samples missed its tolerance: C times the squared size of the features is too "
      "large for double precision; lower C or standardise the features (scale=\"standard\", "
      "--scale standard)");
}

// If features are nearly unpenalised and too few samples determine their weights, the Hessian is
// singular in double precision until the losses have become as flat as the penalty. Starting from a
// larger penalty, both decrease together.
bool Newton::descend() {
  const double least = training_.penalty().head(training_.penalty().size() - 1).minCoeff();
  optimum_.weights.setZero();
  for (double floor = kVisiblePenalty; floor > least; floor /= kDescent) {
    penalty_ = training_.penalty().cwiseMax(floor);
    penalty_[penalty_.size() - 1] = 0;
    if (!approach()) break;
  }
  penalty_ = training_.penalty();
  return reach(kColdSteps);
}

// Whether Newton's steps have become short.
bool Newton::approach() {
  for (int i = 0; i < kColdSteps; ++i) {
    evaluate();
    const Step next = step();
    if (!std::isfinite(next.decrement)) return false;
    const bool is_short = next.largest_shift <= kSafeShift;
    optimum_.weights += (is_short ? 1 : length_of(next)) * next.direction;
    if (is_short) return true;
  }
  return false;
}

bool Newton::reach(int most_steps) {
  for (int i = 0; i < most_steps; ++i) {
    evaluate();
    const Step next = step();
    if (!std::isfinite(next.decrement)) return false;
    if (next.largest_shift <= kSafeShift) {
      optimum_.weights += next.direction;
      if (finish(next)) return true;
    } else {
      optimum_.weights += length_of(next) * next.direction;
    }
  }
  return false;
}

// Gradient and Hessian of the objective at the current weights.
void Newton::evaluate() {
  const auto& w = optimum_.weights;
  const std::size_t columns = training_.columns();
  gradient_.setZero();
  hessian_.setZero();
  magnitude_.setZero();
  ++statistics_.passes;
  ++statistics_.hessian_builds;
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    const double* tile = members_.samples().tile(t);
    kernels_.margins(tile, columns, w.data(), rows, margins_.data() + first);
    kernels_.logistic(margins_.data() + first, members_.signs() + first, members_.weights() + first,
                      rows, residuals_.data(), curvatures_.data());
    kernels_.add_gradient(tile, columns, residuals_.data(), rows, gradient_.data(),
                          magnitude_.data());
    kernels_.add_hessian(tile, columns, curvatures_.data(), rows, hessian_.data(), scratch_.data());
  }
  gradient_ += penalty_.cwiseProduct(w);
  hessian_.diagonal() += penalty_;
}

Newton::Step Newton::step() {
  Step step;
  factor_.compute(hessian_);
  if (factor_.info() != Eigen::Success) {
    step.decrement = std::numeric_limits<double>::infinity();
    return step;
  }
  step.direction = -factor_.solve(gradient_);
  step.decrement = (factor_.matrixU() * step.direction).norm();
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    kernels_.margins(members_.samples().tile(t), training_.columns(), step.direction.data(), rows,
                     shifts_.data() + first);
    step.largest_shift =
        std::max(step.largest_shift, kernels_.largest(shifts_.data() + first, rows));
  }
  return step;
}

// Whether only rounding is left after a full step; if so, sets the radius of the optimum.
bool Newton::finish(const Step& step) {
  // The gradient that the step leaves, in the norm of the inverse Hessian before it: the mean
  // Hessian along the step differs from that Hessian by a factor within exp(+-R).
  const double R = step.largest_shift;
  const double left = step.decrement * (R > 1e-4 ? (std::expm1(R) - R) / R : R * (0.5 + R));
  constexpr double kWorthRefining = 1e-8;  // no rounding floor is near this, so do not compute it
  if (left > kWorthRefining) return false;

  const auto columns = gradient_.size();
  optimum_.root_inverse = inverse_of_lower(factor_.matrixLLT());
  const Eigen::VectorXd inverse_diagonal = optimum_.root_inverse.colwise().squaredNorm();
  const double floor =
      gradient_rounding(members_, training_.penalty(), rotation_, optimum_.dot_rounding,
                        optimum_.weights, magnitude_, hessian_.diagonal(), inverse_diagonal);
  if (left > floor) return false;

  // If the Hessian's own rounding is not small, its factor says nothing in some direction that the
  // certificate needs.
  const double of_hessian = hessian_rounding(members_, hessian_.diagonal(), inverse_diagonal) +
                            rotation_.of_hessian(hessian_.trace());
  if (of_hessian > 0.1 || of_hessian * step.decrement > floor) return false;

  const Eigen::VectorXd unsolved =
      hessian_.selfadjointView<Eigen::Lower>() * step.direction + gradient_;
  const double error =
      2 * (left + floor + (optimum_.root_inverse * unsolved).norm() + of_hessian * step.decrement);
  optimum_.inverse_root = std::sqrt(inverse_diagonal.sum());
  double leverage = members_.largest_norm() * optimum_.inverse_root;
  if (leverage * std::exp(R) * error > 0.5) leverage = largest_leverage();
  const double contraction = leverage * std::exp(R) * error;
  if (contraction > 0.5) return false;
  optimum_.radius = contraction > 0 ? -std::log1p(-contraction) / leverage : 0;
  optimum_.floor = kTieWidth * floor;
  optimum_.margin_rounding =
      rotation_.of_margin(residual_mass(members_.members(), magnitude_[columns - 1]),
                          optimum_.weights.norm(), optimum_.radius);
  return true;
}

double Newton::largest_leverage() const {
  const auto norm = [this](const AlignedVector& x) {
    const Eigen::Map<const Eigen::VectorXd> sample(x.data(), gradient_.size());
    return factor_.matrixL().solve(sample).norm();
  };
  return members_.largest(norm, checkpoint_) + rotation_.of_leverage(members_.largest_norm());
}

// The length along the step at which the objective has stopped falling, or nearly: its slope there
// lies between a quarter of the slope at 0 and zero. The slope, unlike the objective itself, loses
// nothing to cancellation when all residuals are small.
double Newton::length_of(const Step& step) {
  double falling = 0;
  double rising = 1;
  double length = 1;
  const double steep = -step.decrement * step.decrement / 4;
  for (int i = 0; i < 60; ++i) {
    const double here = slope(step, length);
    if (here <= 0 && (here >= steep || length == 1)) return length;
    (here > 0 ? rising : falling) = length;
    length = (falling + rising) / 2;
  }
  return length;
}

double Newton::slope(const Step& step, double length) {
  AlignedVector moved(kTileRows);
  double sum =
      (optimum_.weights + length * step.direction).cwiseProduct(penalty_).dot(step.direction);
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    for (std::size_t i = 0; i < rows; ++i)
      moved[i] = margins_[first + i] + length * shifts_[first + i];
    kernels_.logistic(moved.data(), members_.signs() + first, members_.weights() + first, rows,
                      residuals_.data(), curvatures_.data());
    for (std::size_t i = 0; i < rows; ++i) sum += residuals_[i] * shifts_[first + i];
  }
  return sum;
}

}  // namespace shapcpp
