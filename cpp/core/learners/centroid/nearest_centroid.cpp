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

// A sample that is no farther from both means than some roundings has the distance zero to both.
constexpr double kAtTheMean = 64;

double length_of(const AlignedVector& v) {
  double squares = 0;
  for (const double part : v) squares += part * part;
  return std::sqrt(squares);
}

}  // namespace

NearestCentroid::NearestCentroid(const Problem& problem, const Context& context)
    : training_(problem.training()),
      statistics_(context.statistics),
      columns_(problem.columns()),
      dot_rounding_((static_cast<double>(columns_) + 12) * kRounding),
      rotation_(4 * training_.rotation_error() * (1 + problem.test().outside())),
      scales_(column_scales(training_)),
      origin_(columns_),
      scores_(*this) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k)
    centroids_.push_back({.sum = std::vector<DoubleDouble>(columns_),
                          .magnitude = std::vector<double>(columns_),
                          .mean = std::vector<DoubleDouble>(columns_),
                          .weights = AlignedVector(columns_),
                          .doubts = AlignedVector(columns_)});
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
  place_origin();
  for (Centroid& centroid : centroids_)
    if (centroid.size > 0) weigh(centroid);
  return scores_;
}

// Computes the mean and what rounded members do to scores. A rotation moves means by at most a
// share of the longest member, and test samples by the same share of themselves.
void NearestCentroid::measure(Centroid& centroid) const {
  const DoubleDouble size{static_cast<double>(centroid.size), 0};
  double mean_squares = 0;
  double largest_scale = 0;
  double constant = 0;
  for (std::size_t j = 0; j + 1 < columns_; ++j) {
    centroid.mean[j] = centroid.sum[j] / size;
    const double magnitude = centroid.magnitude[j] / size.high;
    centroid.doubts[j] = 2 * kRounding * scales_[j] * magnitude;
    constant += centroid.doubts[j] * magnitude;
    mean_squares += centroid.mean[j].high * centroid.mean[j].high;
    largest_scale = std::max(largest_scale, scales_[j]);
  }
  centroid.doubts[columns_ - 1] = constant;
  centroid.length_of_doubts = length_of(centroid.doubts);
  centroid.rotation = rotation_ > 0
                          ? rotation_ * largest_scale * (std::sqrt(mean_squares) + largest_norm_) *
                                (1 + std::sqrt(mean_squares))
                          : 0;
  centroid.is_known = true;
}

void NearestCentroid::place_origin() {
  std::fill(origin_.begin(), origin_.end(), 0.0);
  double count = 0;
  for (const Centroid& centroid : centroids_) {
    if (centroid.size == 0) continue;
    ++count;
    for (std::size_t j = 0; j + 1 < columns_; ++j)
      origin_[j] += (centroid.mean[j].high - origin_[j]) / count;
  }
}

void NearestCentroid::weigh(Centroid& centroid) const {
  DoubleDouble intercept;
  for (std::size_t j = 0; j + 1 < columns_; ++j) {
    const DoubleDouble away = centroid.mean[j] + -origin_[j];
    centroid.weights[j] = 2 * scales_[j] * away.high;
    intercept = intercept + -(away * (centroid.mean[j] + origin_[j]) * scales_[j]);
  }
  centroid.weights[columns_ - 1] = intercept.high;
  centroid.length = length_of(centroid.weights);
}

// A mean moves by a rounding of the mean size of its members.
NearestCentroid::Effect NearestCentroid::effect(const Centroid& centroid,
                                                const AlignedVector& x) const {
  Effect result;
  for (std::size_t j = 0; j + 1 < columns_; ++j) {
    const double away = std::abs((-centroid.mean[j] + x[j]).high);
    const double moved = kRounding * centroid.magnitude[j] / static_cast<double>(centroid.size);
    result.width += 2 * scales_[j] * moved * (away + moved);
    result.square += scales_[j] * away * away;
    result.least += scales_[j] * moved * moved;
  }
  return result;
}

// The squared distances of a sample from two means that rotations make of zero, at most. They move
// the sample by a share of itself, and a mean by that share of the longest member.
double NearestCentroid::rotated(double norm) const {
  const double moved = training_.rotation_error() * (norm + largest_norm_);
  return 2 * *std::max_element(scales_.begin(), scales_.end()) * moved * moved;
}

// The difference of the squared distances, column by column.
double NearestCentroid::margin(const Centroid& leader, const Centroid& rival,
                               const AlignedVector& x) const {
  DoubleDouble sum;
  for (std::size_t j = 0; j + 1 < columns_; ++j) {
    const DoubleDouble apart = leader.mean[j] + -rival.mean[j];
    const DoubleDouble away = -leader.mean[j] + x[j] + (-rival.mean[j] + x[j]);
    sum = sum + apart * away * scales_[j];
  }
  return sum.high;
}

void NearestCentroid::Differences::write_weights(std::size_t k, std::span<double> weights) const {
  std::copy_n(learner_.centroids_[k].weights.begin(), weights.size(), weights.begin());
}

double NearestCentroid::Differences::length(const Pair& pair) const {
  const AlignedVector& leader = learner_.centroids_[pair.leader].weights;
  const AlignedVector& rival = learner_.centroids_[pair.rival].weights;
  double squares = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

double NearestCentroid::Differences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

// Rounding of the weights and of their products with x, of members and of rotations.
double NearestCentroid::Differences::share_of_reach(std::size_t k) const {
  return 3 * (rounding(k) + learner_.centroids_[k].length_of_doubts);
}

double NearestCentroid::Differences::rounding(const Pair& pair) const {
  return rounding(pair.leader) + rounding(pair.rival);
}

double NearestCentroid::Differences::rounding(std::size_t k) const {
  const Centroid& own = learner_.centroids_[k];
  return learner_.dot_rounding_ * own.length + own.rotation;
}

double NearestCentroid::Differences::error(const Pair& pair, const AlignedVector& x,
                                           double norm) const {
  double sum = 0;
  for (const std::size_t k : {pair.leader, pair.rival}) {
    const Centroid& own = learner_.centroids_[k];
    double terms = 0;
    for (std::size_t j = 0; j < learner_.columns_; ++j) terms += std::abs(x[j] * own.weights[j]);
    sum += learner_.dot_rounding_ * terms + learner_.effect(own, x).width + own.rotation * norm;
  }
  return 3 * sum;
}

Verdict NearestCentroid::Differences::settle(const Pair& pair, const AlignedVector& x, double norm,
                                             double) const {
  const Centroid& leader = learner_.centroids_[pair.leader];
  const Centroid& rival = learner_.centroids_[pair.rival];
  const Effect a = learner_.effect(leader, x);
  const Effect b = learner_.effect(rival, x);
  double of_sample = 0;  // which is rounded too, and has the same place in both distances
  for (std::size_t j = 0; j + 1 < learner_.columns_; ++j)
    of_sample += kRounding * std::abs(x[j] * (leader.weights[j] - rival.weights[j]));
  const double width =
      2 * (a.width + b.width + of_sample + (leader.rotation + rival.rotation) * norm);
  const double margin = learner_.margin(leader, rival, x);
  Tie tie = tie_of(width, 0, a.square + b.square, 0);
  tie.most += kAtTheMean * (a.least + b.least);
  // A rotation moves what is relative to whole samples, even where there is no distance.
  if (a.square + b.square <= kAtTheMean * learner_.rotated(norm)) tie.most = tie.width;
  return settle_margin(margin, tie, [margin] { return margin; });
}

}  // namespace shapcpp
