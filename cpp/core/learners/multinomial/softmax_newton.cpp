#include "core/learners/multinomial/softmax_newton.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/learners/convergence_error.hpp"
#include "core/learners/logistic/optimum.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;

constexpr int kWarmSteps = 25;
constexpr int kColdSteps = 500;
// Below this largest range of a member's shifts a full Newton step decreases the objective.
constexpr double kSafeShift = 0.5;
// Below this one the optimum is near enough for the steps from a base, which are cheaper.
constexpr double kNearShift = 2;
// A penalty that is visible beside any sum of curvatures of separable samples, and the factor from
// one penalty to the next.
constexpr double kVisiblePenalty = 1e-4;
constexpr double kDescent = 16;
// No product of a weight and a sample overflows below this, nor do sums of squares.
constexpr double kLargest = 1e150;

}  // namespace

SoftmaxNewton::SoftmaxNewton(const Problem& problem, const Members& members,
                             const Arrivals& arrivals, SoftmaxSums& sums, const Context& context)
    : training_(problem.training()),
      members_(members),
      arrivals_(arrivals),
      sums_(sums),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      penalty_(training_.penalty()),
      factor_(context.kernels),
      optimum_(sums, arrivals, members, context.checkpoint),
      direction_(sums.capacity()),
      logits_(
          checked_product(tiled_rows(problem.training().size()), problem.n_classes(), "logits")),
      shifts_(logits_.size()),
      zeros_(problem.n_classes() * kTileRows),
      moved_(zeros_.size()),
      residuals_(zeros_.size()) {}

double SoftmaxNewton::bytes(const RunShape& s) {
  const double dimension = (s.classes() - 1) * s.columns();
  return kNumberBytes * (2 * s.samples() * s.classes() +  // logits and shifts
                         4 * dimension * dimension +      // the Hessian, its factor and roots
                         3 * s.classes() * kTileRows);
}

const FittedSoftmax& SoftmaxNewton::fit() {
  optimum_.renew();
  ++statistics_.fits;
  make_room();
  if (reach(kWarmSteps)) return optimum_;
  // A warm start can lie where all losses are saturated and curvature says nothing. From zero,
  // where curvature is largest, logits grow by a few units a step.
  std::fill(optimum_.weights.begin(), optimum_.weights.end(), 0.0);
  if (reach(kColdSteps)) return optimum_;
  if (descend()) return optimum_;
  throw ConvergenceError(
      "the fit of a coalition of " + std::to_string(members_.size()) +
      " samples missed its tolerance: C times the squared size of the features is too "
      "large for double precision; lower C or standardise the features");
}

void SoftmaxNewton::make_room() {
  const auto dimension = static_cast<Eigen::Index>(sums_.dimension());
  gradient_.resize(dimension);
  hessian_.resize(dimension, dimension);
}

const AlignedVector* SoftmaxNewton::approach() {
  make_room();
  return shorten(kWarmSteps, kNearShift) ? &optimum_.weights : nullptr;
}

// As of `Newton`: from a larger penalty down to the problem's.
bool SoftmaxNewton::descend() {
  const double least = training_.penalty().head(training_.penalty().size() - 1).minCoeff();
  std::fill(optimum_.weights.begin(), optimum_.weights.end(), 0.0);
  for (double floor = kVisiblePenalty; floor > least; floor /= kDescent) {
    penalty_ = training_.penalty().cwiseMax(floor);
    penalty_[penalty_.size() - 1] = 0;
    if (!shorten(kColdSteps, kSafeShift)) break;
  }
  penalty_ = training_.penalty();
  return reach(kColdSteps);
}

// Whether Newton's steps have become so short that they move no logits by more than that.
bool SoftmaxNewton::shorten(int most_steps, double largest_shift) {
  for (int i = 0; i < most_steps; ++i) {
    evaluate();
    const Step next = step();
    if (!std::isfinite(next.decrement)) return false;
    move(next.largest_shift <= kSafeShift ? 1 : length_of(next));
    if (next.largest_shift <= largest_shift) return true;
  }
  return false;
}

bool SoftmaxNewton::reach(int most_steps) {
  for (int i = 0; i < most_steps; ++i) {
    evaluate();
    const Step next = step();
    if (!std::isfinite(next.decrement)) return false;
    const bool is_short = next.largest_shift <= kSafeShift;
    move(is_short ? 1 : length_of(next));
    if (is_short && finish(next)) return true;
  }
  return false;
}

void SoftmaxNewton::move(double length) {
  kernels_.add_scaled(optimum_.weights.data(), sums_.classes() * sums_.stride(), direction_.data(),
                      length);
}

// Gradient and Hessian of the objective at the current weights.
void SoftmaxNewton::evaluate() {
  const std::size_t tile = sums_.classes() * kTileRows;
  sums_.pass_with_hessian(
      optimum_.weights, penalty_,
      [&](std::size_t t, const double* logits) {
        std::copy_n(logits, tile, logits_.data() + t * tile);
      },
      [](std::size_t, const double*) {});
  sums_.helmert().from_classes(sums_.gradient().data(), sums_.classes(), gradient_.data());
  sums_.write_hessian(penalty_, hessian_.data(), sums_.dimension());
}

SoftmaxNewton::Step SoftmaxNewton::step() {
  Step step;
  step.decrement = std::numeric_limits<double>::infinity();
  if (!factor_.factor(hessian_, checkpoint_)) return step;
  step.contrasts = -factor_.solve(gradient_);
  const double decrement = factor_.turned_product(step.contrasts).norm();
  sums_.helmert().to_classes(step.contrasts.data(), sums_.classes(), direction_.data());
  if (!(sums_.length(direction_) * members_.largest_norm() < kLargest)) return step;
  step.decrement = decrement;
  kernels::Shifts shifts;
  const std::size_t tile = sums_.classes() * kTileRows;
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    double* own = shifts_.data() + t * tile;
    kernels_.logits(members_.samples().tile(t), sums_.columns(), direction_.data(), sums_.classes(),
                    sums_.stride(), rows, own);
    kernels_.add_ranges(own, zeros_.data(), sums_.classes(), zeros_.data(), rows, &shifts);
  }
  step.largest_shift = shifts.largest;
  return step;
}

// Whether only rounding is left after a full step; if so, sets the radius of the optimum.
bool SoftmaxNewton::finish(const Step& step) {
  const double R = step.largest_shift;
  const double left = step.decrement * (R > 1e-4 ? (std::expm1(R) - R) / R : R * (0.5 + R));
  constexpr double kWorthRefining = 1e-8;  // no rounding floor is near this, so do not compute it
  if (left > kWorthRefining) return false;

  optimum_.root_inverse = factor_.inverse(checkpoint_);
  const Eigen::VectorXd inverse_diagonal = optimum_.root_inverse.colwise().squaredNorm();
  // Norms of units of each class and column: of the rows of the root, seen from the classes.
  AlignedVector norms(sums_.capacity());
  AlignedVector seen(sums_.capacity());
  Eigen::VectorXd row(inverse_diagonal.size());
  for (Eigen::Index i = 0; i < row.size(); ++i) {
    row = optimum_.root_inverse.row(i).transpose();
    sums_.helmert().to_classes(row.data(), sums_.classes(), seen.data());
    for (std::size_t j = 0; j < seen.size(); ++j) norms[j] += seen[j] * seen[j];
  }
  for (double& value : norms) value = std::sqrt(value);
  const double floor = sums_.rounding(optimum_.weights, [&](std::size_t k, std::size_t j) {
    return norms[k * sums_.stride() + j];
  });
  if (left > floor) return false;

  // If the Hessian's own rounding is not small, its factor says nothing in some direction that the
  // certificate needs.
  const double of_hessian = sums_.hessian_rounding(hessian_.diagonal().dot(inverse_diagonal));
  if (of_hessian > 0.1 || of_hessian * step.decrement > floor) return false;

  const Eigen::VectorXd unsolved =
      hessian_.selfadjointView<Eigen::Lower>() * step.contrasts + gradient_;
  const double error =
      2 * (left + floor + (optimum_.root_inverse * unsolved).norm() + of_hessian * step.decrement);
  optimum_.inverse_root = std::sqrt(inverse_diagonal.sum());
  double leverage = std::sqrt(2.0) * members_.largest_norm() * optimum_.inverse_root;
  if (leverage * std::exp(R) * error > 0.5) leverage = largest_leverage();
  const double contraction = leverage * std::exp(R) * error;
  if (contraction > 0.5) return false;
  optimum_.radius = contraction > 0 ? -std::log1p(-contraction) / leverage : 0;
  optimum_.floor = kTieWidth * floor;
  optimum_.margin_rounding = sums_.margin_rounding(optimum_.weights, optimum_.radius);
  return true;
}

// At least |(q_a - q_b) (x) x|_{H^-1} for all members and classes a, b: twice the largest
// |q_a (x) x|_{H^-1}.
double SoftmaxNewton::largest_leverage() const {
  Eigen::VectorXd v(gradient_.size());
  const std::size_t columns = sums_.columns();
  const auto norm = [&](const AlignedVector& x) {
    double most = 0;
    for (std::size_t k = 0; k < sums_.classes(); ++k) {
      for (std::size_t j = 0; j < sums_.contrasts(); ++j)
        for (std::size_t l = 0; l < columns; ++l)
          v[static_cast<Eigen::Index>(j * columns + l)] = sums_.helmert().of(k, j) * x[l];
      most = std::max(most, factor_.solve_lower(v).norm());
    }
    return 2 * most;
  };
  return members_.largest(norm, checkpoint_) +
         std::sqrt(2.0) * sums_.rotation().of_leverage(members_.largest_norm());
}

// As of `Newton`: by the slope, which loses nothing to cancellation.
double SoftmaxNewton::length_of(const Step& step) {
  double falling = 0;
  double rising = 1;
  double length = 1;
  const double steep = -step.decrement * step.decrement / 4;
  for (int i = 0; i < 60; ++i) {
    const double here = slope(length);
    if (here <= 0 && (here >= steep || length == 1)) return length;
    (here > 0 ? rising : falling) = length;
    length = (falling + rising) / 2;
  }
  return length;
}

double SoftmaxNewton::slope(double length) {
  double sum = 0;
  for (std::size_t k = 0; k < sums_.classes(); ++k)
    for (std::size_t j = 0; j < sums_.columns(); ++j) {
      const std::size_t place = k * sums_.stride() + j;
      sum += penalty_[static_cast<Eigen::Index>(j)] *
             (optimum_.weights[place] + length * direction_[place]) * direction_[place];
    }
  const std::size_t tile = sums_.classes() * kTileRows;
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    const double* logits = logits_.data() + t * tile;
    const double* shifts = shifts_.data() + t * tile;
    for (std::size_t i = 0; i < tile; ++i) moved_[i] = logits[i] + length * shifts[i];
    kernels_.softmax(moved_.data(), sums_.classes(), rows);
    kernels_.class_residuals(moved_.data(), sums_.classes(), arrivals_.own() + first,
                             members_.weights() + first, rows, residuals_.data());
    for (std::size_t k = 0; k < sums_.classes(); ++k)
      for (std::size_t i = 0; i < rows; ++i)
        sum += residuals_[k * kTileRows + i] * shifts[k * kTileRows + i];
  }
  return sum;
}

}  // namespace shapcpp
