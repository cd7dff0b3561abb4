#include "logistic_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace shapcpp {
namespace {

using kernels::kTileRows;

constexpr double kRounding = std::numeric_limits<double>::epsilon() / 2;
constexpr int kWarmNewtonSteps = 25;
constexpr int kColdNewtonSteps = 500;
// Below this largest change of a member's margin a full Newton step decreases the objective.
constexpr double kSafeShift = 0.5;

double logistic_function(double z) {
  return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
}

// The c with c = -a (p(z + q c) - y): the coefficient at which a new sample's pull balances a
// quadratic model whose curvature along the sample is 1 / q. Its root lies between 0 and c(z).
double balance(double z, double q, double a, double y) {
  double near = 0;
  double far = -a * (logistic_function(z) - y);
  double c = far / (1 + a * q * logistic_function(z) * (1 - logistic_function(z)));
  for (int i = 0; i < 40; ++i) {
    const double p = logistic_function(z + q * c);
    const double excess = c + a * (p - y);
    if (std::abs(excess) <= 1e-9 * a) break;
    ((excess > 0) == (far > 0) ? far : near) = c;
    c -= excess / (1 + a * q * p * (1 - p));
    if ((c - near) * (c - far) >= 0) c = (near + far) / 2;
  }
  return c;
}

}  // namespace

LogisticPath::LogisticPath(const Problem& problem, const Checkpoint& checkpoint)
    : problem_(problem),
      checkpoint_(checkpoint),
      kernels_(kernels::kernels()),
      members_(problem.columns(), problem.n_samples()),
      signs_(tiled_rows(problem.n_samples())),
      weights_(signs_.size()),
      margins_(signs_.size()),
      shifts_(signs_.size()),
      residuals_(kTileRows),
      curvatures_(kTileRows),
      scratch_(4 * kTileRows) {
  const auto columns = static_cast<Eigen::Index>(problem.columns());
  checked_product(problem.columns(), problem.columns(), "the Hessian");
  gradient_.resize(columns);
  magnitude_.resize(columns);
  hessian_.resize(columns, columns);
  optimum_.weights.setZero(columns);
  optimum_.dot_rounding = (static_cast<double>(columns) + 4) * kRounding;
}

void LogisticPath::clear() {
  std::fill_n(signs_.begin(), members_.size(), 0.0);
  std::fill_n(weights_.begin(), members_.size(), 0.0);
  members_.clear();
  class_sizes_ = {};
  largest_norm_ = 0;
  fitted_ = false;
  optimum_.weights.setZero();
}

void LogisticPath::join(std::size_t i) {
  const std::size_t k = problem_.class_of(i);
  const double weight = problem_.weight_of(i);
  const auto sample = problem_.sample(i);
  signs_[members_.size()] = k == 1 ? 1.0 : -1.0;
  weights_[members_.size()] = weight;
  members_.append(sample);
  ++class_sizes_[k];
  largest_norm_ = std::max(largest_norm_, problem_.sample_norm(i));
  if (!fitted_) return;

  // Rank-one join: the old objective as its quadratic model, the new sample's loss exactly.
  const Eigen::Map<const Eigen::VectorXd> x(sample.data(), optimum_.weights.size());
  const Eigen::VectorXd pull = optimum_.hessian.solve(x);
  const double leverage = x.dot(pull);
  const double margin = x.dot(optimum_.weights);
  const double c = balance(margin, leverage, weight, k == 1 ? 1.0 : 0.0);
  optimum_.weights += c * pull;
  const double p = logistic_function(margin + leverage * c);
  optimum_.hessian.rankUpdate(x, weight * p * (1 - p));
}

const Optimum& LogisticPath::fit() {
  if (!has_both_classes()) throw std::logic_error("a fit needs both classes");
  if (!newton(kWarmNewtonSteps)) {
    // A warm start can lie where all losses are saturated and curvature says nothing. From zero,
    // where curvature is largest, margins grow by a few units a step.
    optimum_.weights.setZero();
    if (!newton(kColdNewtonSteps))
      throw ConvergenceError(
          "the fit of a coalition of " + std::to_string(members_.size()) +
          " samples missed its tolerance: C times the squared size of the features is too "
          "large for double precision; lower C or standardise the features");
  }
  fitted_ = true;
  return optimum_;
}

bool LogisticPath::newton(int most_steps) {
  for (int i = 0; i < most_steps; ++i) {
    evaluate();
    const NewtonStep step = newton_step();
    if (!std::isfinite(step.decrement)) return false;
    if (step.largest_shift <= kSafeShift) {
      optimum_.weights += step.direction;
      if (finish(step)) return true;
    } else {
      optimum_.weights += step_length(step) * step.direction;
    }
  }
  return false;
}

// Gradient and Hessian of the objective at the current weights.
void LogisticPath::evaluate() {
  const auto& w = optimum_.weights;
  const std::size_t columns = problem_.columns();
  gradient_.setZero();
  hessian_.setZero();
  magnitude_.setZero();
  for (std::size_t t = 0; t < members_.tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.rows_in(t));
    const double* tile = members_.tile(t);
    kernels_.margins(tile, columns, w.data(), rows, margins_.data() + first);
    kernels_.logistic(margins_.data() + first, signs_.data() + first, weights_.data() + first, rows,
                      residuals_.data(), curvatures_.data());
    kernels_.add_gradient(tile, columns, residuals_.data(), rows, gradient_.data(),
                          magnitude_.data());
    kernels_.add_hessian(tile, columns, curvatures_.data(), rows, hessian_.data(), scratch_.data());
  }
  gradient_ += problem_.penalty().cwiseProduct(w);
  hessian_.diagonal() += problem_.penalty();
}

LogisticPath::NewtonStep LogisticPath::newton_step() {
  NewtonStep step;
  optimum_.hessian.compute(hessian_);
  if (optimum_.hessian.info() != Eigen::Success) {
    step.decrement = std::numeric_limits<double>::infinity();
    return step;
  }
  step.direction = -optimum_.hessian.solve(gradient_);
  step.decrement = (optimum_.hessian.matrixU() * step.direction).norm();
  for (std::size_t t = 0; t < members_.tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.rows_in(t));
    kernels_.margins(members_.tile(t), problem_.columns(), step.direction.data(), rows,
                     shifts_.data() + first);
    step.largest_shift =
        std::max(step.largest_shift, kernels_.largest(shifts_.data() + first, rows));
  }
  return step;
}

// Whether nothing but rounding is left after a full step; if so, the radius of the optimum.
bool LogisticPath::finish(const NewtonStep& step) {
  // What the step leaves of the gradient, in the norm of the inverse Hessian before it: the mean
  // Hessian along the step differs from that one by a factor within exp(+-R).
  const double R = step.largest_shift;
  const double left = step.decrement * (R > 1e-4 ? (std::expm1(R) - R) / R : R * (0.5 + R));
  constexpr double kWorthRefining = 1e-8;  // no rounding floor is near this: spare its computation
  if (left > kWorthRefining) return false;

  const auto columns = gradient_.size();
  const Eigen::MatrixXd root_inverse =
      optimum_.hessian.matrixL().solve(Eigen::MatrixXd::Identity(columns, columns));
  const Eigen::VectorXd inverse_diagonal = root_inverse.colwise().squaredNorm();
  const double floor = rounding_floor(inverse_diagonal);
  if (left > floor) return false;

  // The Hessian's own rounding, entry by entry at most sqrt(H_jj H_ll), in units of the Hessian. If
  // it is not small, the factor says nothing in some direction that the certificate needs.
  const double hessian_rounding =
      sum_rounding() * static_cast<double>(columns) * hessian_.diagonal().dot(inverse_diagonal);
  if (hessian_rounding > 0.1) return false;

  const Eigen::VectorXd unsolved =
      hessian_.selfadjointView<Eigen::Lower>() * step.direction + gradient_;
  const double error =
      2 * (left + floor + (root_inverse * unsolved).norm() + hessian_rounding * step.decrement);
  optimum_.inverse_root = std::sqrt(inverse_diagonal.sum());
  double leverage = largest_norm_ * optimum_.inverse_root;
  if (leverage * std::exp(R) * error > 0.5) leverage = largest_leverage();
  const double contraction = leverage * std::exp(R) * error;
  if (contraction > 0.5) return false;
  optimum_.radius = contraction > 0 ? -std::log1p(-contraction) / leverage : 0;
  return true;
}

// Relative rounding of a sum over the members, in the kernels' order of summation: each register
// lane takes at most every second row of a tile, then lanes and tiles are added up; 16 for the
// rounding of the terms themselves.
double LogisticPath::sum_rounding() const {
  const std::size_t in_a_lane = std::min(members_.size(), kTileRows) / 2 + 1;
  return static_cast<double>(in_a_lane + 8 + members_.tile_count() + 16) * kRounding;
}

// Bound on the rounding of the gradient, in the norm of the inverse Hessian. Errors e_i of the
// margins enter as sum a_i s_i e_i x_i, whose norm is at most sqrt(sum a_i s_i e_i^2), and
// |e_i| <= dot_rounding sum_j |x_ij w_j|; those of residuals and sums are relative to `magnitude_`.
double LogisticPath::rounding_floor(const Eigen::VectorXd& inverse_diagonal) const {
  const auto& w = optimum_.weights;
  return optimum_.dot_rounding * w.cwiseAbs().dot(hessian_.diagonal().cwiseSqrt()) +
         sum_rounding() * magnitude_.dot(inverse_diagonal.cwiseSqrt()) +
         2 * kRounding * std::sqrt(problem_.penalty().dot(w.cwiseAbs2()));
}

double LogisticPath::largest_leverage() const {
  double most = 0;
  Eigen::VectorXd x(gradient_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (Eigen::Index j = 0; j < x.size(); ++j)
      x[j] = members_.value(i, static_cast<std::size_t>(j));
    most = std::max(most, optimum_.hessian.matrixL().solve(x).norm());
  }
  return most;
}

// The length along the step at which the objective has stopped falling, or nearly: its slope there
// lies between a quarter of the slope at 0 and zero. The slope, unlike the objective itself, loses
// nothing to cancellation when all residuals are small.
double LogisticPath::step_length(const NewtonStep& step) {
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

double LogisticPath::slope(const NewtonStep& step, double length) {
  AlignedVector moved(kTileRows);
  double sum = (optimum_.weights + length * step.direction)
                   .cwiseProduct(problem_.penalty())
                   .dot(step.direction);
  for (std::size_t t = 0; t < members_.tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.rows_in(t));
    for (std::size_t i = 0; i < rows; ++i)
      moved[i] = margins_[first + i] + length * shifts_[first + i];
    kernels_.logistic(moved.data(), signs_.data() + first, weights_.data() + first, rows,
                      residuals_.data(), curvatures_.data());
    for (std::size_t i = 0; i < rows; ++i) sum += residuals_[i] * shifts_[first + i];
  }
  return sum;
}

}  // namespace shapcpp
