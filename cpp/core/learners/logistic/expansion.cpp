#include "core/learners/logistic/expansion.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/logistic/optimum.hpp"
#include "core/numerics/logistic_function.hpp"

namespace shapcpp {
namespace {

using kernels::kLaneSums;
using kernels::kTileRows;
using Vector = Eigen::Map<const Eigen::VectorXd>;
using Square = Eigen::Map<const Eigen::MatrixXd, 0, Eigen::OuterStride<>>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// What the inverse and the Hessian may lose to rounding before they are built again.
constexpr double kMostDrift = 0.01;
constexpr double kSingleRounding = std::numeric_limits<float>::epsilon() / 2;
// Beyond these no number of single precision is near overflow.
constexpr double kLargestSingle = 1e15;
// A sample whose margin moves by less when it joins is expanded at the base like all others.
constexpr double kWorthOffset = 0.5;
// Asking whether to go on takes as long as a small tile.
constexpr std::size_t kTilesPerCheckpoint = 8;

}  // namespace

Expansion::Expansion(const Problem& problem, const Coalition& members, const Context& context)
    : problem_(problem),
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
      hessian_(checked_product(columns_, stride_, "the Hessian")),
      inverse_(hessian_.size()),
      sample_(stride_),
      pull_(stride_),
      inverter_(columns_, stride_),
      third_(columns_),
      singles_(columns_, problem.n_samples()),
      probabilities_(tiled_rows(problem.n_samples())),
      curvatures_(probabilities_.size()),
      offsets_(probabilities_.size()),
      direction_(stride_),
      lane_sums_(stride_ * kLaneSums),
      margins_(kTileRows),
      residuals_(kTileRows),
      tile_curvatures_(kTileRows),
      thirds_(kTileRows),
      scratch_(4 * kernels::kTileStride) {}

void Expansion::clear() {
  singles_.clear();
  std::fill(probabilities_.begin(), probabilities_.end(), 0.0f);
  std::fill(curvatures_.begin(), curvatures_.end(), 0.0f);
  std::fill(offsets_.begin(), offsets_.end(), 0.0f);
  has_base_ = false;
  leverage_size_ = 0;
}

bool Expansion::has_drifted() const {
  return inverse_drift_ > kMostDrift || hessian_rounding_ > kMostDrift;
}

double Expansion::coordinate_length(const AlignedVector& v) const {
  double squares = 0;
  for (std::size_t j = 0; j < columns_; ++j) squares += v[j] * v[j] * hessian_[j * (stride_ + 1)];
  return std::sqrt(static_cast<double>(columns_) * squares);
}

// The second: |v| <= sum over members of |f_i| |x_i|, and |v|_{H^-1} <= |v| inverse_root.
double Expansion::spread() const {
  double trace = 0;
  for (std::size_t j = 0; j < columns_; ++j) trace += hessian_[j * (stride_ + 1)];
  return std::min(std::sqrt(static_cast<double>(columns_) * condition_),
                  std::sqrt(trace) * inverse_root_);
}

void Expansion::absorb(std::size_t i, const AlignedVector& displacement) {
  singles_.append(problem_.sample(i));
  if (!has_base_) return;
  std::copy_n(problem_.sample(i).begin(), columns_, sample_.begin());
  const double* x = sample_.data();
  const double a = problem_.weight_of(i);
  const double sign = problem_.class_of(i) == 1 ? 1.0 : -1.0;
  const double at_base = kernels_.dot(x, base_.data(), stride_);
  kernels_.multiply(inverse_.data(), columns_, stride_, x, pull_.data());
  const double before = std::max(kernels_.dot(x, pull_.data(), stride_), 0.0);

  // Where the sample will pull itself decides about its curvature.
  const double at_estimate = at_base + kernels_.dot(x, displacement.data(), stride_);
  sample_pull_ = has_third_ ? 0 : balance(at_estimate, before, a, sign > 0 ? 1.0 : 0.0);
  const double predicted = at_estimate + before * sample_pull_;
  const double offset =
      has_third_ || std::abs(predicted - at_base) < kWorthOffset ? 0.0 : predicted - at_base;
  const double margin = at_base + offset;
  const Probabilities chance = probabilities(sign * margin);
  const double residual = -sign * a * chance.wrong;
  const double curvature = a * chance.wrong * chance.right;
  const double p = sign > 0 ? chance.right : chance.wrong;
  const std::size_t row = members_.size() - 1;
  probabilities_[row] = static_cast<float>(p);
  curvatures_[row] = static_cast<float>(curvature);
  offsets_[row] = static_cast<float>(offset);
  largest_offset_ = std::max(largest_offset_, std::abs(offset));
  offset_squares_ += curvature * offset * offset;
  sample_margin_ = at_base;
  sample_offset_ = offset;
  sample_curvature_ = curvature;

  const double growth = 1 + curvature * before;
  kernels_.add_outer(hessian_.data(), columns_, stride_, x, curvature);
  ++updates_;
  charge_rounding(growth);
  kernels_.add_outer(inverse_.data(), columns_, stride_, pull_.data(), -curvature / growth);
  sample_third_ = curvature * (1 - 2 * p);
  if (has_third_) third_.absorb(sample_, sample_third_);
  measure_inverse();

  sample_leverage_ = (1 + inverse_drift_) * std::sqrt(before / growth);
  leverage_ = std::max(leverage_, sample_leverage_);
  // The gradient at the base as the expansion of this sample's loss gives it.
  const double linear = residual - curvature * offset;
  const double margin_error =
      dot_rounding_ * (problem_.sample_norm(i) * base_length_ + std::abs(offset));
  kernels_.add_scaled(gradient_.data(), stride_, x, linear);
  gradient_rounding_ +=
      sample_leverage_ * (24 * kRounding * (std::abs(residual) + std::abs(curvature * offset)) +
                          a * margin_error) +
      2 * kRounding * std::sqrt(kernels_.dot(gradient_.data(), gradient_.data(), stride_)) *
          inverse_root_;
}

// Bounds on what rounding does to the inverse and the Hessian, from the condition number of the
// Hessian, which holds the joining sample already, with its diagonal scaled to one, which is at
// least d. An update that shrinks the inverse by `loss` along the sample leaves errors relative to
// what there was before; d^3 is for quadratic forms with the inverse.
void Expansion::charge_rounding(double loss) {
  const auto d = static_cast<double>(columns_);
  condition_ = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    condition_ += hessian_[j * (stride_ + 1)] * inverse_[j * (stride_ + 1)];
  condition_ = std::max(condition_, d);
  inverse_drift_ += (d * d * d + 20 * d) * kRounding * condition_ * loss;
  // The last terms are for products with the Hessian.
  hessian_rounding_ =
      (sum_rounding(members_) + (2 * updates_ + d / 2 + 2) * kRounding) * d * condition_ +
      rotation_.of_hessian(largest_trace());
  // An entry of T errs by so much of sum c_i |x_ij x_il x_im|: |T[a, b]|_{H^-1} of the absolute
  // terms is at most max |x_i| |a| times |b|_H times the square of the spread.
  const double spread_now = spread();
  // A lane takes so many rows of a tile; 8 for the terms themselves.
  const double single = static_cast<double>(kTileRows / kernels_.single_lanes + 8);
  third_rounding_ =
      (single * kSingleRounding + (updates_ + d * d) * kRounding) * spread_now * spread_now;
}

// Residuals are at most 1, curvatures 1/4.
double Expansion::largest_pull() const {
  return members_.largest_norm() * members_.total_weight();
}

double Expansion::largest_trace() const {
  return largest_pull() * members_.largest_norm() / 4;
}

double Expansion::rotation_of_gradient(double weights_length) const {
  return rotation_.of_gradient(largest_pull(), weights_length, largest_trace());
}

double Expansion::rotation_of_margin(double weights_length, double radius) const {
  return rotation_.of_margin(largest_pull(), weights_length, radius);
}

double Expansion::leverage() const {
  return leverage_ + rotation_.of_leverage(members_.largest_norm());
}

// The largest sum of a row bounds the largest eigenvalue.
void Expansion::measure_inverse() {
  inverse_root_ = (1 + inverse_drift_) *
                  std::sqrt(kernels_.largest_row_sum(inverse_.data(), columns_, stride_));
}

double Expansion::rounding_of_gradient(const AlignedVector& weights) const {
  const auto n = static_cast<Eigen::Index>(columns_);
  const Eigen::OuterStride<> stride(static_cast<Eigen::Index>(stride_));
  return shapcpp::gradient_rounding(members_, problem_, dot_rounding_, Vector(weights.data(), n),
                                    Vector(magnitude_.data(), n),
                                    Square(hessian_.data(), n, n, stride).diagonal(),
                                    Square(inverse_.data(), n, n, stride).diagonal());
}

double Expansion::exact_gradient(const AlignedVector& u, double growth, AlignedVector& gradient) {
  ++statistics_.passes;
  AlignedVector weights(base_);
  kernels_.add_scaled(weights.data(), stride_, u.data(), 1.0);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) add_tile(t, weights, gradient);
  add_penalty(weights, gradient);
  // Curvatures at these weights are within `growth` of those in H; the sum base + u rounds too.
  return growth * (rounding_of_gradient(weights) +
                   4 * kRounding * (coordinate_length(base_) + coordinate_length(u)));
}

double Expansion::add_remainder(const AlignedVector& u, AlignedVector& gradient, Shifts& shifts) {
  ++statistics_.passes;
  shifts = {};
  double largest = members_.largest_norm();
  for (std::size_t j = 0; j < columns_; ++j) {
    direction_[j] = static_cast<float>(u[j]);
    largest = std::max(largest, std::abs(u[j]));
  }
  if (!(largest < kLargestSingle)) return kInfinite;
  std::fill(lane_sums_.begin(), lane_sums_.end(), 0.0);
  for (std::size_t t = 0; t < singles_.tile_count(); ++t) {
    if (t % kTilesPerCheckpoint == kTilesPerCheckpoint - 1) checkpoint_();
    const std::size_t first = t * kTileRows;
    kernels_.add_remainder(singles_.tile(t), columns_, direction_.data(), offsets_.data() + first,
                           probabilities_.data() + first, curvatures_.data() + first,
                           padded_rows(singles_.rows_in(t)), lane_sums_.data(), &shifts);
  }
  double length = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    length += u[j] * u[j];
  }
  kernels_.add_lanes(lane_sums_.data(), stride_, gradient.data());
  // Each shift errs by (d + 4) roundings of its absolute terms: at most by `far`, in the norm of
  // the curvatures' squares by `length`. Sums are inflated by more than their own rounding.
  const double relative = (static_cast<double>(columns_) + 4) * kSingleRounding;
  // What underflows counts too.
  constexpr double kLeast = std::numeric_limits<float>::min();
  const double lost =
      kLeast * static_cast<double>(columns_) * (1 + members_.largest_norm() + std::sqrt(length));
  const double far = relative * members_.largest_norm() * std::sqrt(length) +
                     kSingleRounding * largest_offset_ + lost;
  const double near = relative * coordinate_length(u) +
                      kSingleRounding * std::sqrt(offset_squares_) +
                      lost * std::sqrt(members_.total_weight());
  shifts.largest += far;
  if (!(shifts.largest < 2)) return kInfinite;
  const auto squared = [](double value) { return value * value; };
  const auto fourth_root = [](double value) { return std::sqrt(std::sqrt(value)); };
  // In each of three products of a member less than curvature + 1 times the least number is lost.
  const double vanished =
      4 * kLeast * (static_cast<double>(members_.size()) + members_.total_weight());
  const double fourth = fourth_root(1.001 * shifts.fourth + vanished) + std::sqrt(far * near);
  const double eighth = std::sqrt(fourth_root(1.001 * shifts.eighth + vanished)) +
                        fourth_root(far * far * far * near);
  shifts.fourth = squared(squared(fourth));
  shifts.eighth = squared(squared(squared(eighth)));
  const double growth = std::exp(shifts.largest);
  return std::expm1(shifts.largest) * near +
         kSingleRounding * growth * growth * std::sqrt(shifts.fourth) * (16 + 20 * spread()) +
         1e-15 * std::sqrt(static_cast<double>(members_.size()));
}

double Expansion::largest_leverage() const {
  double most = 0;
  const SampleTiles& samples = members_.samples();
  AlignedVector x(stride_);
  AlignedVector pull(stride_);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % kTileRows == 0) checkpoint_();
    for (std::size_t j = 0; j < columns_; ++j) x[j] = samples.value(i, j);
    kernels_.multiply(inverse_.data(), columns_, stride_, x.data(), pull.data());
    most = std::max(most, kernels_.dot(x.data(), pull.data(), stride_));
  }
  return (1 + inverse_drift_) * std::sqrt(most);
}

}  // namespace shapcpp
