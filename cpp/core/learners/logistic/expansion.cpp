#include "core/learners/logistic/expansion.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/logistic/optimum.hpp"
#include "core/numerics/logistic_function.hpp"

namespace shapcpp {
namespace {

using kernels::kLaneSums;
using kernels::kTileRows;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Within these limits no number in single precision comes near overflow.
constexpr double kLargestSingle = 1e15;
// A sample whose margin moves by less than this when it joins is expanded at the base like all
// others.
constexpr double kWorthOffset = 0.5;
// Updates of the inverse after which its norm is bounded anew.
constexpr int kMeasureEvery = 4;
// Polling the checkpoint costs as much as a small tile, so it is polled once in this many tiles.
constexpr std::size_t kTilesPerCheckpoint = 8;

}  // namespace

Expansion::Expansion(const Problem& problem, const Coalition& members, const Context& context)
    : training_(problem.training()),
      members_(members),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      dot_rounding_((static_cast<double>(columns_) + 4) * kRounding),
      rotation_(problem),
      base_(stride_),
      gradient_(stride_),
      magnitude_(stride_),
      hessian_(columns_, kernels_),
      inverse_(columns_, kernels_),
      x_(stride_),
      inverse_x_(stride_),
      inverter_(columns_, stride_),
      third_(columns_),
      probabilities_(tiled_rows(problem.training().size())),
      curvatures_(probabilities_.size()),
      offsets_(probabilities_.size()),
      direction_(stride_),
      lane_sums_(stride_ * kLaneSums),
      margins_(kTileRows),
      residuals_(kTileRows),
      tile_curvatures_(kTileRows),
      thirds_(kTileRows),
      scratch_(4 * kernels::kTileStride) {}

double Expansion::bytes(const RunShape& s) {
  return kSingleBytes * s.samples() * (1 + 1 + 1) +     // probabilities, curvatures and offsets
         2 * UpdatedMatrix::bytes(s.columns()) +        // the Hessian and its inverse
         kNumberBytes * 5 * s.columns() * s.columns();  // scratch for building them
}

void Expansion::clear() {
  std::fill(probabilities_.begin(), probabilities_.end(), 0.0f);
  std::fill(curvatures_.begin(), curvatures_.end(), 0.0f);
  std::fill(offsets_.begin(), offsets_.end(), 0.0f);
  has_base_ = false;
  leverage_size_ = 0;
}

void Expansion::absorb(std::size_t i, const AlignedVector& displacement,
                       const AlignedVector& step) {
  if (!has_base_) return;
  std::copy_n(training_.sample(i).begin(), columns_, x_.begin());
  inverse_.multiply(x_, inverse_x_);
  const double* vectors[] = {inverse_x_.data(), base_.data(), displacement.data(), step.data()};
  double products[4];
  kernels_.four_dots(x_.data(), vectors, stride_, products);
  const double before = std::max(products[0], 0.0);
  absorbed_.margin = products[1];
  absorbed_.shift = products[2];
  absorbed_.along = products[3];
  const double residual = expand_loss(i, before);
  add_curvature(before);
  add_residual(i, residual);
}

// Expands the sample's loss at its margin at the base, or at the one that it will have once it has
// joined if that is far from it; returns its residual there. `before` is its squared norm in H^-1.
double Expansion::expand_loss(std::size_t i, double before) {
  const double a = training_.weight_of(i);
  const double sign = members_.sign_of(i);
  const double at_base = absorbed_.margin;
  const double at_estimate = at_base + absorbed_.shift + absorbed_.along;
  absorbed_.coefficient = has_third_ ? 0 : balance(at_estimate, before, a, sign > 0 ? 1.0 : 0.0);
  const double predicted = at_estimate + before * absorbed_.coefficient;
  const double offset =
      has_third_ || std::abs(predicted - at_base) < kWorthOffset ? 0.0 : predicted - at_base;
  const Probabilities chance = probabilities(sign * (at_base + offset));
  const double curvature = a * chance.wrong * chance.right;
  const double p = sign > 0 ? chance.right : chance.wrong;
  const std::size_t row = members_.size() - 1;
  probabilities_[row] = static_cast<float>(p);
  curvatures_[row] = static_cast<float>(curvature);
  offsets_[row] = static_cast<float>(offset);
  largest_offset_ = std::max(largest_offset_, std::abs(offset));
  offset_squares_ += curvature * offset * offset;
  absorbed_.offset = offset;
  absorbed_.curvature = curvature;
  absorbed_.third = curvature * (1 - 2 * p);
  return -sign * a * chance.wrong;
}

// Adds the sample's curvature to the Hessian and the quantities derived from it.
void Expansion::add_curvature(double before) {
  const double curvature = absorbed_.curvature;
  const double growth = 1 + curvature * before;
  hessian_.add_outer(x_, curvature);
  ++updates_;
  charge_rounding(growth);
  inverse_.add_outer(inverse_x_, -curvature / growth, growth);
  if (has_third_) third_.absorb(x_, absorbed_.third);
  if (++unmeasured_ == kMeasureEvery) {
    if (UpdatedMatrix::waits(columns_))
      measure_trace();
    else
      measure_inverse();
  }
  measure_spread();
  absorbed_.norm = std::sqrt(before);
  absorbed_.leverage = (1 + inverse_drift_) * std::sqrt(before / growth);
  leverage_ = std::max(leverage_, absorbed_.leverage);
}

// Adds the sample to the gradient at the base, by the expansion of its loss (Lemmas 6 and 11).
void Expansion::add_residual(std::size_t i, double residual) {
  const double moved = absorbed_.curvature * absorbed_.offset;
  const double margin_error =
      dot_rounding_ * (training_.norm_of(i) * base_length_ + std::abs(absorbed_.offset));
  absorbed_.slope = residual - moved;
  kernels_.add_scaled(gradient_.data(), stride_, x_.data(), absorbed_.slope);
  gradient_length_ += std::abs(absorbed_.slope) * training_.norm_of(i);
  gradient_rounding_ +=
      absorbed_.leverage * (kJoinRounding * (std::abs(residual) + std::abs(moved)) +
                            training_.weight_of(i) * margin_error) +
      2 * kRounding * gradient_length_ * inverse_root_;
}

double Expansion::exact_gradient(const AlignedVector& u, double growth, AlignedVector& gradient) {
  ++statistics_.passes;
  AlignedVector weights(base_);
  kernels_.add_scaled(weights.data(), stride_, u.data(), 1.0);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) add_tile(t, weights, gradient);
  add_penalty(weights, gradient);
  // Curvatures at these weights are within a factor `growth` of those in H; the sum base + u rounds
  // too.
  return growth * (rounding_of_gradient(weights) +
                   4 * kRounding * (lengths(base_).of_coordinates + lengths(u).of_coordinates));
}

Expansion::Remainder Expansion::add_remainder(const AlignedVector& u, const Lengths& lengths,
                                              bool widened, AlignedVector& gradient,
                                              Shifts& shifts) {
  ++statistics_.passes;
  shifts = {};
  if (!(std::max(members_.largest_norm(), lengths.plain) < kLargestSingle))
    return {kInfinite, kInfinite};
  for (std::size_t j = 0; j < columns_; ++j) direction_[j] = static_cast<float>(u[j]);
  std::fill(lane_sums_.begin(), lane_sums_.end(), 0.0);
  for (std::size_t t = 0; t < members_.singles().tile_count(); ++t) {
    if (t % kTilesPerCheckpoint == kTilesPerCheckpoint - 1) checkpoint_();
    const std::size_t first = t * kTileRows;
    const auto add = [&](auto loop, const auto* direction) {
      loop(members_.singles().tile(t), columns_, direction, offsets_.data() + first,
           probabilities_.data() + first, curvatures_.data() + first,
           padded_rows(members_.singles().rows_in(t)), lane_sums_.data(), &shifts);
    };
    if (widened)
      add(kernels_.add_remainder_widened, u.data());
    else
      add(kernels_.add_remainder, direction_.data());
  }
  kernels_.add_lanes(lane_sums_.data(), stride_, gradient.data());
  return bound_remainder(lengths, widened, shifts);
}

}  // namespace shapcpp
