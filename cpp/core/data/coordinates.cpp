#include "core/data/coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;

// Number of samples that are rotated together, by one product of matrices.
constexpr std::size_t kBatch = 64;
// Sizes of features within a band differ by at most this factor: a rotation rounds relative to the
// largest feature, so the smallest one loses that many digits.
constexpr double kBandWidth = 0x1p16;

double power_of_two(double deviation, double C) {
  return deviation > 0 ? std::ldexp(1.0, std::ilogb(std::min(1 / deviation, std::sqrt(C)))) : 1.0;
}

// The features whose deviation is not zero, in bands from small to large. Features below 1/sqrt(C)
// count as that large, since the penalty keeps them from mattering.
std::vector<std::vector<Index>> bands_of(const std::vector<double>& deviations, double C) {
  const auto size = [&](Index j) {
    return std::max(deviations[static_cast<std::size_t>(j)], 1 / std::sqrt(C));
  };
  std::vector<Index> order(deviations.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](Index j) { return !(deviations[static_cast<std::size_t>(j)] > 0); });
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return size(a) < size(b); });
  std::vector<std::vector<Index>> bands;
  for (const Index j : order) {
    if (bands.empty() || size(j) / kBandWidth > size(bands.back().front())) bands.emplace_back();
    bands.back().push_back(j);
  }
  for (auto& band : bands) std::sort(band.begin(), band.end());
  return bands;
}

}  // namespace

Coordinates::Coordinates(std::span<const double> training, std::size_t n_features, double C,
                         bool squares, const Checkpoint& checkpoint)
    : squares_(squares), centre_(n_features), deviations_(n_features) {
  measure(training, checkpoint);
  arrange(training.size() / n_features, C);
  rotate(training, checkpoint);
}

// Means and deviations of the columns.
void Coordinates::measure(std::span<const double> training, const Checkpoint& checkpoint) {
  const std::size_t d = centre_.size();
  const std::size_t rows = training.size() / d;
  const auto n = static_cast<double>(rows);
  std::vector<double> low(training.begin(), training.begin() + static_cast<std::ptrdiff_t>(d));
  std::vector<double> high = low;
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
  for (std::size_t i = 0; i < rows; ++i) {
    checkpoint();
    for (std::size_t j = 0; j < d; ++j) {
      const double range = high[j] - low[j];
      const double deviation = range > 0 ? (training[i * d + j] - centre_[j]) / range : 0;
      deviations_[j] += deviation * deviation / n;
    }
  }
  for (std::size_t j = 0; j < d; ++j)
    deviations_[j] = std::sqrt(deviations_[j]) * (high[j] - low[j]);
}

// Decides which features are columns and which are rotated, and sets factors and penalties. With
// one factor for all features of a band the penalty is uniform, and so the same in any orthonormal
// coordinates. A rotation keeps the sum of variances.
void Coordinates::arrange(std::size_t rows, double C) {
  const std::size_t d = centre_.size();
  factor_.assign(d, 0.0);
  std::vector<double> penalties;
  const auto penalise = [&](double factor) { penalties.push_back(factor * factor / C); };
  if (d <= rows || squares_) {
    alone_.resize(d);
    std::iota(alone_.begin(), alone_.end(), 0);
  } else {
    for (auto& band : bands_of(deviations_, C)) {
      if (band.size() > rows)
        rotated_.push_back(std::move(band));
      else
        alone_.insert(alone_.end(), band.begin(), band.end());
    }
    std::sort(alone_.begin(), alone_.end());
  }
  for (const Index feature : alone_) {
    const auto j = static_cast<std::size_t>(feature);
    factor_[j] = power_of_two(deviations_[j], C);
    penalise(factor_[j]);
  }
  for (const auto& band : rotated_) {
    double largest = 0;
    for (const Index j : band)
      largest = std::max(largest, deviations_[static_cast<std::size_t>(j)]);
    double variance = 0;  // in units of the square of the largest
    for (const Index j : band) {
      const double share = deviations_[static_cast<std::size_t>(j)] / largest;
      variance += share * share;
    }
    const double factor =
        power_of_two(largest * std::sqrt(variance / static_cast<double>(rows)), C);
    for (const Index j : band) factor_[static_cast<std::size_t>(j)] = factor;
    for (std::size_t i = 0; i < rows; ++i) penalise(factor);
    if (rotated_penalty_ == 0 || penalties.back() < rotated_penalty_)
      rotated_penalty_ = penalties.back();
  }
  if (squares_) penalties.insert(penalties.end(), alone_.size(), 0.0);
  penalties.push_back(0);
  penalty_ =
      Eigen::Map<const Eigen::VectorXd>(penalties.data(), static_cast<Index>(penalties.size()));
}

void Coordinates::rotate(std::span<const double> training, const Checkpoint& checkpoint) {
  auto first = static_cast<Index>(alone_.size());
  const auto rows = static_cast<Index>(training.size() / centre_.size());
  for (auto& features : rotated_) {
    RowMatrix samples(rows, static_cast<Index>(features.size()));
    for_each_batch(training, checkpoint, [&](std::size_t begin, const RowMatrix& batch) {
      samples.middleRows(static_cast<Index>(begin), batch.rows()) = batch(Eigen::all, features);
    });
    bands_.push_back({std::move(features), first, Span(std::move(samples), checkpoint)});
    first += rows;
  }
  rotated_.clear();
  for (const Band& band : bands_) {
    // Centring rounds each entry once; one more rounding is kept in reserve.
    rotation_error_ = std::max(rotation_error_,
                               band.span.distance() + band.span.coordinate_error() + 2 * kRounding);
  }
}

void Coordinates::for_each(std::span<const double> samples, const Checkpoint& checkpoint,
                           const Taker& take) const {
  for_each_batch(samples, checkpoint, [&](std::size_t first, const RowMatrix& batch) {
    RowMatrix working = RowMatrix::Ones(batch.rows(), penalty_.size());
    Eigen::VectorXd outside = Eigen::VectorXd::Zero(batch.rows());
    const auto features = static_cast<Index>(alone_.size());
    working.leftCols(features) = batch(Eigen::all, alone_);
    if (squares_)
      working.middleCols(features, features) = working.leftCols(features).array().square();
    for (const Band& band : bands_) {
      const RowMatrix before = batch(Eigen::all, band.features);
      auto rotated = working.middleCols(band.first, band.span.dimension());
      rotated = band.span.coordinates(before);
      for (Index i = 0; i < batch.rows(); ++i) {
        const double length = before.row(i).stableNorm();
        const double share = length > 0 ? rotated.row(i).stableNorm() / length : 1;
        const double rest =
            length * std::sqrt(std::max(1 - share * share, 0.0) + 4 * rotation_error_);
        outside[i] = bands_.size() > 1 ? std::hypot(outside[i], rest) : rest;
      }
    }
    for (Index i = 0; i < batch.rows(); ++i) {
      const auto sample = working.row(i);
      take(first + static_cast<std::size_t>(i), {sample.data(), columns()}, sample.stableNorm(),
           outside[i]);
    }
  });
}

void Coordinates::for_each_batch(
    std::span<const double> samples, const Checkpoint& checkpoint,
    const std::function<void(std::size_t first, const RowMatrix& batch)>& take) const {
  const std::size_t d = centre_.size();
  for (std::size_t i = 0; i < samples.size(); i += kBatch * d) {
    checkpoint();
    take(i / d, scaled(samples.subspan(i, std::min(kBatch * d, samples.size() - i))));
  }
}

// Centred and divided, one sample per row.
RowMatrix Coordinates::scaled(std::span<const double> samples) const {
  const std::size_t d = centre_.size();
  RowMatrix result(static_cast<Index>(samples.size() / d), static_cast<Index>(d));
  double* target = result.data();
  for (std::size_t i = 0; i < samples.size(); i += d)
    for (std::size_t j = 0; j < d; ++j) *target++ = (samples[i + j] - centre_[j]) * factor_[j];
  return result;
}

}  // namespace shapcpp
