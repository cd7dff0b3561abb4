#include "logistic_path.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {
namespace {

using kernels::kTileRows;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Square = Eigen::Map<RowMajor, 0, Eigen::OuterStride<>>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// What the inverse and the Hessian may lose to rounding before they are built again.
constexpr double kMostDrift = 0.01;
constexpr int kMostRefinements = 5;

double logistic_function(double z) {
  return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
}

// The displacement beyond which a build costs less than the passes that a stale Hessian causes.
double stalest(std::size_t members) {
  if (members <= 500) return 0.35;
  if (members <= 1000) return 0.2;
  if (members <= 2500) return 0.1;
  return 0.05;
}

}  // namespace

LogisticPath::LogisticPath(const Problem& problem, const Checkpoint& checkpoint,
                           Statistics& statistics)
    : problem_(problem),
      checkpoint_(checkpoint),
      statistics_(statistics),
      kernels_(kernels::kernels()),
      columns_(problem.columns()),
      stride_(padded_rows(columns_)),
      least_members_(problem.is_rotated()
                         ? std::numeric_limits<std::size_t>::max()
                         : columns_ * std::min<std::size_t>(32 + columns_, 128) / 32),
      members_(problem),
      newton_(problem, members_, checkpoint, statistics),
      hessian_(checked_product(columns_, stride_, "the Hessian")),
      inverse_(hessian_.size()),
      anchor_(stride_),
      gradient_(stride_),
      magnitude_(stride_),
      built_at_(stride_),
      sample_(stride_),
      pull_(stride_),
      step_(stride_),
      unsolved_(stride_),
      margins_(tiled_rows(problem.n_samples())),
      curvatures_(margins_.size()),
      built_margins_(margins_.size()),
      residuals_(kTileRows),
      scratch_(4 * kTileRows) {
  optimum_.dot_rounding = (static_cast<double>(columns_) + 4) * kRounding;
  optimum_.weights.setZero(static_cast<Eigen::Index>(columns_));
  optimum_.inverse = inverse_.data();
  optimum_.inverse_stride = stride_;
}

void LogisticPath::clear() {
  members_.clear();
  anchored_ = false;
  leverage_size_ = 0;
  optimum_.weights.setZero();
  newton_.start_from(optimum_.weights);
}

void LogisticPath::join(std::size_t i) {
  refined_ = 0;
  members_.add(i);
  if (!anchored_) {
    newton_.expect(i);
    return;
  }
  std::copy_n(problem_.sample(i).begin(), columns_, sample_.begin());
  const double* x = sample_.data();
  const double a = problem_.weight_of(i);
  const double sign = problem_.class_of(i) == 1 ? 1.0 : -1.0;
  const double margin = kernels_.dot(x, anchor_.data(), stride_);
  const double built = kernels_.dot(x, built_at_.data(), stride_);
  const double residual = -sign * a * logistic_function(-sign * margin);
  const double curvature = a * logistic_function(built) * logistic_function(-built);
  built_margins_[members_.size() - 1] = built;
  displacement_ = std::max(displacement_, std::abs(margin - built));

  kernels_.multiply(inverse_.data(), columns_, stride_, x, pull_.data());
  const double before = std::max(kernels_.dot(x, pull_.data(), stride_), 0.0);
  const double share = curvature / (1 + curvature * before);
  kernels_.add_outer(hessian_.data(), columns_, stride_, x, curvature);
  ++updates_;
  charge_rounding(1 + curvature * before);
  kernels_.add_outer(inverse_.data(), columns_, stride_, pull_.data(), -share);
  kernels_.add_scaled(gradient_.data(), stride_, x, residual);
  measure_inverse();

  const double leverage = (1 + inverse_drift_) * std::sqrt(before / (1 + curvature * before));
  leverage_ = std::max(leverage_, leverage);
  const double margin_error = optimum_.dot_rounding * problem_.sample_norm(i) * length(anchor_);
  anchor_rounding_ += leverage * (24 * kRounding * std::abs(residual) + a * margin_error) +
                      2 * kRounding * length(gradient_) * optimum_.inverse_root;
}

// Bounds on what rounding does to the inverse and the Hessian, from the condition number of the
// Hessian, which holds the joining sample already, with its diagonal scaled to one, which is at
// least d. An update that shrinks the inverse by `loss` along the sample leaves errors relative to
// what there was before; d^3 is for quadratic forms with the inverse.
void LogisticPath::charge_rounding(double loss) {
  const auto d = static_cast<double>(columns_);
  double condition = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    condition += hessian_[j * stride_ + j] * inverse_[j * stride_ + j];
  condition = std::max(condition, d);
  inverse_drift_ += (d * d * d + 20 * d) * kRounding * condition * loss;
  // The last terms are for products with the Hessian.
  hessian_rounding_ =
      (sum_rounding(members_) + (2 * updates_ + d / 2 + 2) * kRounding) * d * condition;
}

void LogisticPath::measure_inverse() {
  double trace = 0;
  for (std::size_t j = 0; j < columns_; ++j) trace += inverse_[j * stride_ + j];
  optimum_.inverse_root = (1 + inverse_drift_) * std::sqrt(std::max(trace, 0.0));
}

double LogisticPath::length(const AlignedVector& vector) const {
  return std::sqrt(kernels_.dot(vector.data(), vector.data(), stride_));
}

bool LogisticPath::has_drifted() const {
  return inverse_drift_ > kMostDrift || hessian_rounding_ > kMostDrift;
}

const Optimum& LogisticPath::estimate() {
  optimum_.radius = kInfinite;
  if (!anchored_ || has_drifted()) return optimum_;
  kernels_.multiply(inverse_.data(), columns_, stride_, gradient_.data(), step_.data());
  for (std::size_t j = 0; j < columns_; ++j) {
    step_[j] = -step_[j];
    optimum_.weights[static_cast<Eigen::Index>(j)] = anchor_[j] + step_[j];
  }
  kernels_.multiply(hessian_.data(), columns_, stride_, step_.data(), unsolved_.data());
  const double decrement =
      std::sqrt(std::max(kernels_.dot(step_.data(), unsolved_.data(), stride_), 0.0)) *
      (1 + hessian_rounding_);
  kernels_.add_scaled(unsolved_.data(), stride_, gradient_.data(), 1.0);

  // Displacements are differences of margins, each rounded.
  const double D = displacement_ + 2 * optimum_.dot_rounding * members_.largest_norm() *
                                       (length(anchor_) + length(built_at_));
  const double R = std::min(members_.largest_norm() * length(step_), leverage_ * decrement);
  const double stretch = std::exp(D) * (R > 1e-5 ? std::expm1(R) / R : 1 + R);
  const double error =
      decrement * (stretch - 1 + hessian_rounding_ + 8 * kRounding) + 2 * anchor_rounding_ +
      (length(unsolved_) + 8 * kRounding * length(gradient_)) * optimum_.inverse_root;
  const double contraction = (1 + hessian_rounding_) * leverage_ * std::exp(D + R) * error;
  if (contraction < 0.9)
    optimum_.radius =
        (1 + hessian_rounding_) * (contraction > 0 ? -std::log1p(-contraction) / leverage_ : error);
  optimum_.norm_error = inverse_drift_;
  return optimum_;
}

bool LogisticPath::refine() {
  if (!anchored_ || refined_ >= kMostRefinements) return false;
  ++refined_;
  std::copy_n(optimum_.weights.data(), columns_, sample_.begin());
  pass(sample_.data());
  if (displacement_ > 2) return false;
  const bool stale = displacement_ > stalest(members_.size()) || refined_ > 2 || has_drifted();
  return stale ? build() : true;
}

const Optimum& LogisticPath::fit(bool anchor) {
  if (anchored_) newton_.start_from(optimum_.weights);
  const Optimum& optimum = newton_.fit();
  optimum_.weights = optimum.weights;
  anchored_ = false;
  if (anchor && members_.size() >= least_members_) {
    std::copy_n(optimum.weights.data(), columns_, sample_.begin());
    pass(sample_.data());
    leverage_ = kInfinite;
    build();
  }
  return optimum;
}

// Margins, gradient and curvatures of the members at a new anchor.
void LogisticPath::pass(const double* weights) {
  std::copy_n(weights, columns_, anchor_.begin());
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  displacement_ = 0;
  ++statistics_.passes;
  const SampleTiles& samples = members_.samples();
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(samples.rows_in(t));
    double* margins = margins_.data() + first;
    kernels_.margins(samples.tile(t), columns_, anchor_.data(), rows, margins);
    kernels_.logistic(margins, members_.signs() + first, members_.weights() + first, rows,
                      residuals_.data(), curvatures_.data() + first);
    kernels_.add_gradient(samples.tile(t), columns_, residuals_.data(), rows, gradient_.data(),
                          magnitude_.data());
    if (anchored_)
      displacement_ = std::max(
          displacement_,
          kernels_.largest_difference(margins, built_margins_.data() + first, samples.rows_in(t)));
  }
  const auto n = static_cast<Eigen::Index>(columns_);
  const Eigen::Map<const Eigen::VectorXd> w(anchor_.data(), n);
  Eigen::Map<Eigen::VectorXd>(gradient_.data(), n) += problem_.penalty().cwiseProduct(w);
  if (!anchored_) return;
  // The curvature at the anchor is within exp(D) of the Hessian's.
  anchor_rounding_ =
      std::exp(displacement_) *
      gradient_rounding(
          members_, problem_, optimum_.dot_rounding, w,
          Eigen::Map<const Eigen::VectorXd>(magnitude_.data(), n),
          Square(hessian_.data(), n, n, Eigen::OuterStride<>(static_cast<Eigen::Index>(stride_)))
              .diagonal(),
          Square(inverse_.data(), n, n, Eigen::OuterStride<>(static_cast<Eigen::Index>(stride_)))
              .diagonal());
}

// The Hessian at the anchor, where the last pass was, and its inverse.
bool LogisticPath::build() {
  anchored_ = false;
  ++statistics_.hessian_builds;
  const auto n = static_cast<Eigen::Index>(columns_);
  const Eigen::OuterStride<> stride(static_cast<Eigen::Index>(stride_));
  RowMajor lower = RowMajor::Zero(n, n);
  const SampleTiles& samples = members_.samples();
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    checkpoint_();
    kernels_.add_hessian(samples.tile(t), columns_, curvatures_.data() + t * kTileRows,
                         padded_rows(samples.rows_in(t)), lower.data(), scratch_.data());
  }
  lower.diagonal() += problem_.penalty();
  Square hessian(hessian_.data(), n, n, stride);
  Square inverse(inverse_.data(), n, n, stride);
  hessian = lower.selfadjointView<Eigen::Lower>();
  const Eigen::LLT<Eigen::MatrixXd> factor(hessian);
  if (factor.info() != Eigen::Success) return false;
  const Eigen::MatrixXd root = inverse_of_lower(factor.matrixLLT());
  inverse.noalias() = root.transpose() * root;

  updates_ = 0;
  inverse_drift_ = 0;
  charge_rounding(1);
  measure_inverse();
  if (has_drifted()) return false;
  // Curvatures, and with them H, have changed by a factor within exp(+-D).
  leverage_ *= std::exp(displacement_ / 2);
  leverage_ = std::min(leverage_, members_.largest_norm() * optimum_.inverse_root);
  if (leverage_size_ * 5 < members_.size() * 4) {
    leverage_ = largest_leverage();
    leverage_size_ = members_.size();
  }
  std::copy(anchor_.begin(), anchor_.end(), built_at_.begin());
  std::swap(built_margins_, margins_);
  displacement_ = 0;
  anchor_rounding_ = gradient_rounding(members_, problem_, optimum_.dot_rounding,
                                       Eigen::Map<const Eigen::VectorXd>(anchor_.data(), n),
                                       Eigen::Map<const Eigen::VectorXd>(magnitude_.data(), n),
                                       hessian.diagonal(), inverse.diagonal());
  return anchored_ = true;
}

double LogisticPath::largest_leverage() const {
  double most = 0;
  const SampleTiles& samples = members_.samples();
  AlignedVector x(stride_);
  AlignedVector pull(stride_);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = 0; j < columns_; ++j) x[j] = samples.value(i, j);
    kernels_.multiply(inverse_.data(), columns_, stride_, x.data(), pull.data());
    most = std::max(most, kernels_.dot(x.data(), pull.data(), stride_));
  }
  return (1 + inverse_drift_) * std::sqrt(most);
}

}  // namespace shapcpp
