// The scores that the ridge regressions give a judge.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/ridge/ridge_classifier.hpp"

namespace shapcpp {
namespace {

// Room for widths, which are bounds that take no pass over the members. Values of two classes are
// about 1 apart, as targets are 0 and 1, however large the standard error of a sample that lies
// outside what the members span.
constexpr double kRoom = 100;

}  // namespace

void RidgeClassifier::Differences::write_weights(std::size_t k, std::span<double> weights) const {
  std::copy_n(learner_.weights(k), weights.size(), weights.begin());
}

double RidgeClassifier::Differences::length(const Pair& pair) const {
  const double* leader = learner_.weights(pair.leader);
  const double* rival = learner_.weights(pair.rival);
  double squares = 0;
  for (std::size_t j = 0; j < learner_.columns_; ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

double RidgeClassifier::Differences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

double RidgeClassifier::Differences::share_of_reach(std::size_t k) const {
  const Regression& own = learner_.regressions_[k];
  return (own.radius + own.floor) * learner_.inverse_root_ +
         3 * (learner_.dot_rounding_ * own.length + own.margin_rounding);
}

double RidgeClassifier::Differences::rounding(const Pair& pair) const {
  const Regression& leader = learner_.regressions_[pair.leader];
  const Regression& rival = learner_.regressions_[pair.rival];
  return learner_.dot_rounding_ * (leader.length + rival.length) + leader.margin_rounding +
         rival.margin_rounding;
}

// Bound on |x|_{H^-1}.
double RidgeClassifier::Differences::norm_of(const AlignedVector& x) const {
  const RidgeClassifier& own = learner_;
  own.multiply(own.inverse_, x, product_);
  return (1 + own.drift_) *
         std::sqrt(std::max(own.kernels_.dot(x.data(), product_.data(), own.stride_), 0.0));
}

// The sizes of the terms in the products with the weights of both classes.
double RidgeClassifier::Differences::terms(const Pair& pair, const AlignedVector& x) const {
  const double* leader = learner_.weights(pair.leader);
  const double* rival = learner_.weights(pair.rival);
  double sum = 0;
  for (std::size_t j = 0; j < learner_.columns_; ++j)
    sum += std::abs(x[j]) * (std::abs(leader[j]) + std::abs(rival[j]));
  return sum;
}

// The sizes of the terms in the product with the difference of the weights. What two classes share,
// such as their intercepts, is no scale for the difference.
double RidgeClassifier::Differences::terms_apart(const Pair& pair, const AlignedVector& x) const {
  const double* leader = learner_.weights(pair.leader);
  const double* rival = learner_.weights(pair.rival);
  double sum = 0;
  for (std::size_t j = 0; j < learner_.columns_; ++j)
    sum += std::abs(x[j] * (leader[j] - rival[j]));
  return sum;
}

double RidgeClassifier::Differences::error(const Pair& pair, const AlignedVector& x,
                                           double norm) const {
  const Regression& leader = learner_.regressions_[pair.leader];
  const Regression& rival = learner_.regressions_[pair.rival];
  return norm_of(x) * (leader.radius + leader.floor + rival.radius + rival.floor) +
         3 * (learner_.dot_rounding_ * terms(pair, x) +
              (leader.margin_rounding + rival.margin_rounding) * norm * (1 + 1e-9));
}

// Whether the weighted sums of the members of both classes are the same: then so are their weights,
// in exact arithmetic, whatever the size of the features.
bool RidgeClassifier::has_equal_sums(const Pair& pair) const {
  const std::vector<DoubleDouble>& leader = sums(pair.leader);
  const std::vector<DoubleDouble>& rival = sums(pair.rival);
  for (std::size_t j = 0; j < columns_; ++j)
    if (leader[j].high != rival[j].high) return false;
  return true;
}

const std::vector<DoubleDouble>& RidgeClassifier::sums(std::size_t k) const {
  std::vector<DoubleDouble>& own = sums_[k];
  if (!own.empty()) return own;
  own.resize(columns_);
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (members_.class_of(i) == k)
      for (std::size_t j = 0; j < columns_; ++j)
        own[j] = own[j] + exact_product(members_.weights()[i], members_.samples().value(i, j));
  return own;
}

Verdict RidgeClassifier::Differences::settle(const Pair& pair, const AlignedVector& x, double norm,
                                             double margin) const {
  const Regression& leader = learner_.regressions_[pair.leader];
  const Regression& rival = learner_.regressions_[pair.rival];
  const double length = norm_of(x);
  const double sum = terms(pair, x);
  const double width =
      length * (std::max(leader.radius, leader.floor) + std::max(rival.radius, rival.floor)) +
      2 * (learner_.dot_rounding_ * sum + (leader.margin_rounding + rival.margin_rounding) * norm);
  const bool is_equal = learner_.has_equal_sums(pair);
  const double unlimited = std::numeric_limits<double>::infinity();
  const Tie tie =
      tie_of(width, is_equal ? unlimited : std::min(length, kRoom), terms_apart(pair, x),
             is_equal ? unlimited : kRoom * learner_.feature_reach_);
  return settle_margin(margin, tie, [&] {
    const std::vector<DoubleDouble>& a = learner_.exact(pair.leader);
    const std::vector<DoubleDouble>& b = learner_.exact(pair.rival);
    DoubleDouble exact;
    for (std::size_t j = 0; j < a.size(); ++j) exact = exact + (a[j] + -b[j]) * x[j];
    return exact.high;
  });
}

}  // namespace shapcpp
