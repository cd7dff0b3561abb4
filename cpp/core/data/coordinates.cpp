#include "core/data/coordinates.hpp"

#include <algorithm>
#include <cmath>

#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

// So many samples at a time are worth a product of matrices.
constexpr std::size_t kBatch = 32;

double power_of_two(double deviation, double C) {
  return deviation > 0 ? std::ldexp(1.0, std::ilogb(std::min(1 / deviation, std::sqrt(C)))) : 1.0;
}

}  // namespace

Coordinates::Coordinates(std::span<const double> training, std::size_t n_features, double C,
                         const Checkpoint& checkpoint) {
  const std::size_t d = n_features;
  const std::size_t rows = training.size() / d;
  const auto n = static_cast<double>(rows);
  std::vector<double> low(training.begin(), training.begin() + static_cast<std::ptrdiff_t>(d));
  std::vector<double> high = low;
  centre_.assign(d, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    checkpoint();
    for (std::size_t j = 0; j < d; ++j) {
      const double x = training[i * d + j];
      low[j] = std::min(low[j], x);
      high[j] = std::max(high[j], x);
      centre_[j] += x / n;
    }
  }
  for (std::size_t j = 0; j < d; ++j)  // a constant column must become exactly zero
    if (low[j] == high[j]) centre_[j] = low[j];
  std::vector<double> deviations(d, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    checkpoint();
    for (std::size_t j = 0; j < d; ++j) {
      const double range = high[j] - low[j];
      const double deviation = range > 0 ? (training[i * d + j] - centre_[j]) / range : 0;
      deviations[j] += deviation * deviation / n;
    }
  }
  for (std::size_t j = 0; j < d; ++j) deviations[j] = std::sqrt(deviations[j]) * (high[j] - low[j]);

  if (d > rows) {
    rotate(training, deviations, C, checkpoint);
    return;
  }
  factor_.assign(d, 1.0);
  penalty_ = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(d + 1));
  for (std::size_t j = 0; j < d; ++j) {
    factor_[j] = power_of_two(deviations[j], C);
    penalty_[static_cast<Eigen::Index>(j)] = factor_[j] * factor_[j] / C;
  }
}

// One factor for all columns keeps the penalty uniform, so that it is the same in any orthonormal
// coordinates. Rotated columns have the same sum of variances.
void Coordinates::rotate(std::span<const double> training, const std::vector<double>& deviations,
                         double C, const Checkpoint& checkpoint) {
  const std::size_t rows = training.size() / centre_.size();
  const double largest = *std::max_element(deviations.begin(), deviations.end());
  double variance = 0;  // in units of the largest
  for (const double deviation : deviations)
    if (deviation > 0) variance += (deviation / largest) * (deviation / largest);
  const double factor = power_of_two(largest * std::sqrt(variance / static_cast<double>(rows)), C);
  factor_.resize(deviations.size());
  // Weights of columns that are constant in training are zero: what test samples hold there would
  // only enlarge the error.
  std::transform(deviations.begin(), deviations.end(), factor_.begin(),
                 [factor](double deviation) { return deviation > 0 ? factor : 0.0; });
  penalty_ = Eigen::VectorXd::Constant(static_cast<Eigen::Index>(rows + 1), factor * factor / C);
  penalty_[static_cast<Eigen::Index>(rows)] = 0;

  span_.emplace(scaled(training), checkpoint);
  double distance = 0;
  for_each_batch(training, checkpoint, [&](std::size_t, const Eigen::MatrixXd& samples) {
    distance = std::max(distance, span_->distance(samples));
  });
  // One rounding of each entry from centring, and one in reserve.
  rotation_error_ = distance + span_->coordinate_error() + 2 * kRounding;
}

void Coordinates::for_each(std::span<const double> samples, const Checkpoint& checkpoint,
                           const Taker& take) const {
  Eigen::VectorXd working = Eigen::VectorXd::Ones(penalty_.size());
  const std::span<const double> sample(working.data(), columns());
  for_each_batch(samples, checkpoint, [&](std::size_t first, const Eigen::MatrixXd& batch) {
    const Eigen::MatrixXd rotated = span_ ? span_->coordinates(batch) : Eigen::MatrixXd();
    for (Eigen::Index i = 0; i < batch.cols(); ++i) {
      double outside = 0;
      if (span_) {
        working.head(rotated.rows()) = rotated.col(i);
        const double before = batch.col(i).stableNorm();
        const double share = before > 0 ? rotated.col(i).stableNorm() / before : 1;
        outside = before * std::sqrt(std::max(1 - share * share, 0.0) + 4 * rotation_error_);
      } else {
        working.head(batch.rows()) = batch.col(i);
      }
      take(first + static_cast<std::size_t>(i), sample, working.stableNorm(), outside);
    }
  });
}

void Coordinates::for_each_batch(
    std::span<const double> samples, const Checkpoint& checkpoint,
    const std::function<void(std::size_t first, const Eigen::MatrixXd& batch)>& take) const {
  const std::size_t d = centre_.size();
  for (std::size_t i = 0; i < samples.size(); i += kBatch * d) {
    checkpoint();
    take(i / d, scaled(samples.subspan(i, std::min(kBatch * d, samples.size() - i))));
  }
}

// Centred and divided, one sample per column.
Eigen::MatrixXd Coordinates::scaled(std::span<const double> samples) const {
  const std::size_t d = centre_.size();
  Eigen::MatrixXd result(static_cast<Eigen::Index>(d),
                         static_cast<Eigen::Index>(samples.size() / d));
  double* target = result.data();
  for (std::size_t i = 0; i < samples.size(); i += d)
    for (std::size_t j = 0; j < d; ++j) *target++ = (samples[i + j] - centre_[j]) * factor_[j];
  return result;
}

}  // namespace shapcpp
