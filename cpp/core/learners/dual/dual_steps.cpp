// Newton's steps of the dual path.
#include <algorithm>
#include <cmath>

#include "core/learners/dual/dual_path.hpp"

namespace shapcpp {
namespace {

// No step moves a margin by more, nor ends where the slope is more than `kOvershot` of the first
// one, upwards; it is cut by at most `kMostBack` of it at a time, and `kMostTries` times.
constexpr double kLargestMove = 20;
constexpr double kOvershot = 0.25;
constexpr double kMostBack = 0.9;
constexpr int kMostTries = 10;

}  // namespace

void DualPath::Move::clear(std::size_t size) {
  std::fill_n(coefficients.begin(), size, 0.0);
  std::fill_n(margins.begin(), size, 0.0);
  intercept = 0;
}

// Newton's step with curvatures as they are, by conjugate gradients: the inverse, of curvatures as
// they were, preconditions them, and its products with the Hessian are known without another matrix
// (docs/engine.md). Ends when the model leaves this share of the error. Returns how many directions
// it took.
int DualPath::step(double share) {
  step_.clear(size_);
  direction_.clear(size_);
  const AlignedVector& inverse = inverse_.inverse_curvatures();
  const AlignedVector& ones = inverse_.ones();
  double sum = 0;       // of what is left
  double left_sum = 0;  // likewise of the residuals
  for (std::size_t i = 0; i < size_; ++i) {
    left_[i] = excess_[i];
    left_sum += residuals_[i];
    sum += excess_[i];
  }
  const double enough = share * share * error_ * error_;
  double descent = 0;
  double slope = 0;
  int taken = 0;
  while (taken < kMostAtOnce) {
    ++statistics_.passes;
    ++taken;
    const double along =
        kernels_.scale(left_.data(), inverse.data(), ones.data(), size_, scaled_.data());
    inverse_.multiply(scaled_, moved_);
    const double shift = (sum - left_sum - along) / inverse_.sum();
    const double before = descent;
    descent =
        (sum - left_sum) * shift + kernels_.descend(left_.data(), inverse.data(), ones.data(),
                                                    shift, size_, moved_.data(), scaled_.data());
    const double kept = taken > 1 ? descent / before : 0;
    direction_.intercept = shift + kept * direction_.intercept;
    const double curvature =
        kernels_.turn(moved_.data(), scaled_.data(), kept, direction_.intercept, curvatures_.data(),
                      size_, direction_.coefficients.data(), direction_.margins.data());
    is_broken_ = !(curvature > 0) || !(descent > 0);
    if (is_broken_) break;
    const double length = descent / curvature;
    slope -= length * descent;
    step_.intercept += length * direction_.intercept;
    const kernels::Remainder left = kernels_.go(
        direction_.coefficients.data(), direction_.margins.data(), length, curvatures_.data(),
        inverse_now_.data(), size_, step_.coefficients.data(), step_.margins.data(), left_.data());
    sum = left.sum;
    left_sum += left.bend;
    if (left.squares <= enough || length * descent < share * share * -slope) break;
  }
  follow(slope);
  return taken;
}

// Goes along the step, along which the objective has this slope at first: all the way, unless that
// moves a margin too far or ends well beyond the minimum.
void DualPath::follow(double slope) {
  double farthest = 0;
  for (std::size_t i = 0; i < size_; ++i) farthest = std::max(farthest, std::abs(step_.margins[i]));
  double ahead = farthest > kLargestMove ? kLargestMove / farthest : 1;
  advance(ahead);
  for (int tries = 0; tries < kMostTries; ++tries) {
    double next = 0;
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      next += excess_[i] * (step_.margins[i] - step_.intercept);
      sum += residuals_[i];
    }
    next += sum * step_.intercept;
    if (!(next > -kOvershot * slope)) return;
    // The slope rises from its first value at the start to this one.
    const double back = ahead * std::min(next / (next - slope), kMostBack);
    ahead -= back;
    advance(-back);
  }
}

void DualPath::advance(double length) {
  for (std::size_t i = 0; i < size_; ++i) {
    coefficients_[i] += length * step_.coefficients[i];
    margins_[i] += length * step_.margins[i];
  }
  intercept_ += length * step_.intercept;
  evaluate();
}

}  // namespace shapcpp
