// The bounds of an expansion: the lemmas of docs/engine.md, in the norm of H^-1.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/logistic/expansion.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/learners/sums.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;
using Vector = Eigen::Map<const Eigen::VectorXd>;

// Share of the inverse and the Hessian that rounding may take before they are built again.
constexpr double kMostDrift = 0.01;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

}  // namespace

bool Expansion::has_drifted() const {
  return inverse_drift_ > kMostDrift || hessian_rounding_ > kMostDrift;
}

Expansion::Lengths Expansion::lengths(const AlignedVector& v) const {
  return lengths(kernels_.squares(v.data(), hessian_.diagonal().data(), stride_));
}

Expansion::Lengths Expansion::lengths(const kernels::Squares& squares) const {
  return {std::sqrt(squares.plain), std::sqrt(static_cast<double>(columns_) * squares.weighted)};
}

// Lemmas 5 and 12: bounds on the rounding of the Hessian and of its inverse, from the condition
// number (at least d) of the Hessian, which already holds the joining sample, with its diagonal
// scaled to one. An update that shrinks the inverse by `loss` along the sample leaves errors
// relative to the inverse before it; d^3 is for quadratic forms with the inverse.
void Expansion::charge_rounding(double loss) {
  const auto d = static_cast<double>(columns_);
  const kernels::Sums sums =
      kernels_.sums(hessian_.diagonal().data(), inverse_.diagonal().data(), stride_);
  trace_ = sums.plain;
  condition_ = std::max(sums.weighted, d);
  inverse_drift_ += (d * d * d + 20 * d) * kRounding * condition_ * loss;
  // The last terms cover products with the Hessian.
  hessian_rounding_ =
      (sum_rounding(members_.size()) + (2 * updates_ + d + 2) * kRounding) * d * condition_ +
      rotation_.of_hessian(largest_trace());
}

// Lemma 7, its third part. The second of the two bounds holds since |v| <= sum over members of
// |f_i| |x_i|, and |v|_{H^-1} <= |v| inverse_root.
void Expansion::measure_spread() {
  const auto d = static_cast<double>(columns_);
  spread_ = std::sqrt(std::min(d * condition_, trace_ * inverse_root_ * inverse_root_));
  // Lemma 9: the rounding of an entry of T is relative to sum c_i |x_ij x_il x_im|, and T[a, b] of
  // the absolute terms is at most max |x_i| |a| |b|_H times the square of the spread.
  // Each lane sums its share of a tile's rows; 8 covers the rounding of the terms themselves.
  const double single = static_cast<double>(kTileRows / kernels_.single_lanes + 8);
  third_rounding_ = (single * kSingleRounding + (updates_ + d * d) * kRounding) * spread_ * spread_;
}

// Residuals are at most 1.
double Expansion::residual_mass() const {
  return members_.largest_norm() * members_.total_weight();
}

// Curvatures are at most 1/4.
double Expansion::largest_trace() const {
  return residual_mass() * members_.largest_norm() / 4;
}

double Expansion::rotation_of_gradient(double weights_length) const {
  return rotation_.of_gradient(residual_mass(), weights_length, largest_trace());
}

double Expansion::rotation_of_margin(double weights_length, double radius) const {
  return rotation_.of_margin(residual_mass(), weights_length, radius);
}

double Expansion::leverage() const {
  return leverage_ + rotation_.of_leverage(members_.largest_norm());
}

// The largest sum of a row bounds the largest eigenvalue.
void Expansion::measure_inverse() {
  unmeasured_ = 0;
  inverse_norm_ = kernels_.largest_row_sum(inverse_.settled().data(), columns_, stride_);
  inverse_root_ = (1 + inverse_drift_) * std::sqrt(inverse_norm_);
}

// The trace bounds the largest eigenvalue, and earlier bounds hold: the inverse only shrinks.
void Expansion::measure_trace() {
  unmeasured_ = 0;
  const double trace =
      Vector(inverse_.diagonal().data(), static_cast<Eigen::Index>(columns_)).sum();
  inverse_norm_ = std::min(inverse_norm_, trace);
  inverse_root_ = (1 + inverse_drift_) * std::sqrt(inverse_norm_);
}

double Expansion::rounding_of_gradient(const AlignedVector& weights) const {
  const auto n = static_cast<Eigen::Index>(columns_);
  return shapcpp::gradient_rounding(members_, training_.penalty(), rotation_, dot_rounding_,
                                    Vector(weights.data(), n), Vector(magnitude_.data(), n),
                                    Vector(hessian_.diagonal().data(), n),
                                    Vector(inverse_.diagonal().data(), n));
}

// Lemma 7: enlarges the shifts by their possible error, and bounds the rounding of the sums.
Expansion::Remainder Expansion::bound_remainder(const Lengths& lengths, bool widened,
                                                Shifts& shifts) const {
  // Each shift errs by that share of its absolute terms: by at most `far`, and all of them by
  // `near` in the norm weighted by curvature. Sums are inflated by more than their own rounding.
  const double roundings = widened ? 2 : single_roundings(columns_);
  const double relative = (roundings + 2) * kSingleRounding;
  // Underflow counts too.
  constexpr double kLeast = std::numeric_limits<float>::min();
  const double lost =
      kLeast * static_cast<double>(columns_) * (1 + members_.largest_norm() + lengths.plain);
  const double far = relative * members_.largest_norm() * lengths.plain +
                     2 * kSingleRounding * largest_offset_ + lost;
  const double near = relative * lengths.of_coordinates +
                      2 * kSingleRounding * std::sqrt(offset_squares_) +
                      lost * std::sqrt(members_.total_weight());
  shifts.largest += far;
  if (!(shifts.largest < 2)) return {kInfinite, kInfinite};
  const auto squared = [](double value) { return value * value; };
  const auto fourth_root = [](double value) { return std::sqrt(std::sqrt(value)); };
  // Each of three products of a member loses less than curvature + 1 times the least number.
  const double vanished =
      4 * kLeast * (static_cast<double>(members_.size()) + members_.total_weight());
  const double fourth = fourth_root(1.001 * shifts.fourth + vanished) + std::sqrt(far * near);
  shifts.fourth = squared(squared(fourth));
  if (has_third_) {
    const double eighth = std::sqrt(fourth_root(1.001 * shifts.eighth + vanished)) +
                          fourth_root(far * far * far * near);
    shifts.eighth = squared(squared(squared(eighth)));
  } else {  // no other bound needs it
    shifts.eighth = squared(squared(shifts.largest)) * shifts.fourth;
  }
  // In each lane a tile is added up in two sums.
  const double sums =
      widened ? 2 : static_cast<double>(kTileRows / (2 * kernels_.single_lanes) + 4);
  const double growth = std::exp(shifts.largest);
  const double size = std::sqrt(shifts.fourth);
  // The sum over members of |f_i| |x_i|, in the norm of H^-1: entry by entry, or by its length.
  const double summed =
      std::min(0.6 * growth * size * spread_,
               (1.001 * shifts.remainders + vanished) * members_.largest_norm() * inverse_root_);
  // The first term has room for what is lost where `growth` is near 1.
  return {(growth - 1 + 1e-14) * near +
              kSingleRounding * (16 * growth * growth * size + sums * summed) +
              1e-15 * std::sqrt(static_cast<double>(members_.size())),
          growth};
}

// All rows of a tile side by side; no update waits right after a build.
double Expansion::largest_leverage() const {
  AlignedVector products(columns_ * kTileRows);
  AlignedVector squares(kTileRows);
  double largest = 0;
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    const double* tile = members_.samples().tile(t);
    kernels_.logits(tile, columns_, inverse_.settled().data(), columns_, stride_, rows,
                    products.data());
    std::fill_n(squares.begin(), rows, 0.0);
    for (std::size_t j = 0; j < columns_; ++j)
      for (std::size_t i = 0; i < rows; ++i)
        squares[i] += tile[j * kernels::kTileStride + i] * products[j * kTileRows + i];
    largest = std::max(largest, *std::max_element(squares.data(), squares.data() + rows));
  }
  return (1 + inverse_drift_) * std::sqrt(largest);
}

}  // namespace shapcpp
