#include "core/learners/centroid/nearest_centroid.hpp"

#include <algorithm>
#include <cmath>

#include "core/learners/tie.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

// D relative to that of the first column. The penalty of a column is the square of its scale, a
// power of two, over C: ratios are powers of four but for the rounding of that division.
std::vector<double> column_scales(const TrainingSet& training) {
  std::vector<double> scales(training.columns(), 0.0);
  for (std::size_t j = 0; j + 1 < scales.size(); ++j) {
    const double ratio = training.penalty()[0] / training.penalty()[static_cast<Eigen::Index>(j)];
    scales[j] = std::exp2(std::round(std::log2(ratio)));
  }
  return scales;
}

}  // namespace

NearestCentroid::NearestCentroid(const Problem& problem, const Context& context)
    : training_(problem.training()),
      statistics_(context.statistics),
      columns_(problem.columns()),
      dot_rounding_((static_cast<double>(columns_) + 12) * kRounding),
      rotation_(4 * training_.rotation_error() * (1 + problem.test().outside())),
      scales_(column_scales(training_)),
      scores_(*this) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k)
    centroids_.push_back({.sum = std::vector<DoubleDouble>(columns_),
                          .magnitude = std::vector<double>(columns_),
                          .weights = std::vector<DoubleDouble>(columns_),
                          .rounded = AlignedVector(columns_),
                          .sizes = AlignedVector(columns_)});
}

double NearestCentroid::bytes(const RunShape& s) {
  return kNumberBytes * s.classes() * s.columns() * (2 + 1 + 2 + 1 + 1);
}

void NearestCentroid::clear() {
  for (Centroid& centroid : centroids_) {
    centroid.size = 0;
    centroid.is_known = false;
    std::fill(centroid.sum.begin(), centroid.sum.end(), DoubleDouble{});
    std::fill(centroid.magnitude.begin(), centroid.magnitude.end(), 0.0);
  }
  largest_norm_ = 0;
}

void NearestCentroid::join(std::size_t i) {
  Centroid& centroid = centroids_[training_.class_of(i)];
  ++centroid.size;
  centroid.is_known = false;
  const std::span<const double> x = training_.sample(i);
  for (std::size_t j = 0; j < columns_; ++j) {
    centroid.sum[j] = centroid.sum[j] + x[j];
    centroid.magnitude[j] += std::abs(x[j]);
  }
  largest_norm_ = std::max(largest_norm_, training_.norm_of(i));
}

const FittedScores& NearestCentroid::fit(const OpenPairs&) {
  ++statistics_.fits;
  for (Centroid& centroid : centroids_)
    if (centroid.size > 0 && (!centroid.is_known || rotation_ > 0)) measure(centroid);
  return scores_;
}

// Computes the mean and the quantities that follow from it. A rotation moves means by at most a
// share of the longest member, and test samples by the same share of themselves.
void NearestCentroid::measure(Centroid& centroid) const {
  const DoubleDouble size{static_cast<double>(centroid.size), 0};
  DoubleDouble intercept;
  double size_of_intercept = 0;
  double mean_squares = 0;
  double largest_scale = 0;
  for (std::size_t j = 0; j + 1 < columns_; ++j) {
    const DoubleDouble mean = centroid.sum[j] / size;
    centroid.weights[j] = mean * (2 * scales_[j]);
    intercept = intercept + -(mean * mean * scales_[j]);
    centroid.rounded[j] = centroid.weights[j].high;
    const double magnitude = centroid.magnitude[j] / size.high;
    centroid.sizes[j] = 2 * scales_[j] * magnitude;
    size_of_intercept += scales_[j] * magnitude * magnitude;
    mean_squares += mean.high * mean.high;
    largest_scale = std::max(largest_scale, scales_[j]);
  }
  centroid.weights[columns_ - 1] = intercept;
  centroid.rounded[columns_ - 1] = intercept.high;
  centroid.sizes[columns_ - 1] = size_of_intercept;
  double squares = 0;
  for (const double part : centroid.sizes) squares += part * part;
  centroid.length = std::sqrt(squares);
  centroid.rotation = rotation_ > 0
                          ? rotation_ * largest_scale * (std::sqrt(mean_squares) + largest_norm_) *
                                (1 + std::sqrt(mean_squares))
                          : 0;
  centroid.is_known = true;
}

void NearestCentroid::Differences::write_weights(std::size_t k, std::span<double> weights) const {
  std::copy_n(learner_.centroids_[k].rounded.begin(), weights.size(), weights.begin());
}

double NearestCentroid::Differences::length(const Pair& pair) const {
  const AlignedVector& leader = learner_.centroids_[pair.leader].rounded;
  const AlignedVector& rival = learner_.centroids_[pair.rival].rounded;
  double squares = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

// Rounding of the weights and of their products with x, and the effect of a rotation.
double NearestCentroid::Differences::reach(const Pair& pair) const {
  return 3 * rounding(pair);
}

double NearestCentroid::Differences::share_of_reach(std::size_t k) const {
  return 3 * rounding(k);
}

double NearestCentroid::Differences::rounding(const Pair& pair) const {
  return rounding(pair.leader) + rounding(pair.rival);
}

double NearestCentroid::Differences::rounding(std::size_t k) const {
  const Centroid& own = learner_.centroids_[k];
  return learner_.dot_rounding_ * own.length + own.rotation;
}

// The sizes of the terms in the products with the weights of both classes.
double NearestCentroid::Differences::terms(const Pair& pair, const AlignedVector& x) const {
  const AlignedVector& leader = learner_.centroids_[pair.leader].sizes;
  const AlignedVector& rival = learner_.centroids_[pair.rival].sizes;
  double sum = 0;
  for (std::size_t j = 0; j < leader.size(); ++j) sum += std::abs(x[j]) * (leader[j] + rival[j]);
  return sum;
}

double NearestCentroid::Differences::error(const Pair& pair, const AlignedVector& x,
                                           double norm) const {
  const double rotation =
      learner_.centroids_[pair.leader].rotation + learner_.centroids_[pair.rival].rotation;
  return 3 * (learner_.dot_rounding_ * terms(pair, x) + rotation * norm);
}

Verdict NearestCentroid::Differences::settle(const Pair& pair, const AlignedVector& x, double norm,
                                             double margin) const {
  const Centroid& leader = learner_.centroids_[pair.leader];
  const Centroid& rival = learner_.centroids_[pair.rival];
  const double sum = terms(pair, x);
  const double width =
      2 * (learner_.dot_rounding_ * sum + (leader.rotation + rival.rotation) * norm);
  return settle_margin(margin, tie_of(width, 0, sum, 0), [&] {
    DoubleDouble exact;
    for (std::size_t j = 0; j < learner_.columns_; ++j)
      exact = exact + (leader.weights[j] + -rival.weights[j]) * x[j];
    return exact.high;
  });
}

}  // namespace shapcpp
