// The scores that the discriminant analysis gives a judge.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/discriminant/discriminant_analysis.hpp"
#include "core/learners/tie.hpp"

namespace shapcpp {

void DiscriminantAnalysis::Differences::write_weights(std::size_t k,
                                                      std::span<double> weights) const {
  std::copy_n(learner_.discriminants_[k].weights.begin(), weights.size(), weights.begin());
}

double DiscriminantAnalysis::Differences::length(const Pair& pair) const {
  const AlignedVector& leader = learner_.discriminants_[pair.leader].weights;
  const AlignedVector& rival = learner_.discriminants_[pair.rival].weights;
  double squares = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

double DiscriminantAnalysis::Differences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

double DiscriminantAnalysis::Differences::share_of_reach(std::size_t k) const {
  const Discriminant& own = learner_.discriminants_[k];
  return (own.radius + own.floor) * learner_.inverse_root_ + 3 * (own.error + rounding(k));
}

double DiscriminantAnalysis::Differences::rounding(const Pair& pair) const {
  return rounding(pair.leader) + rounding(pair.rival);
}

double DiscriminantAnalysis::Differences::rounding(std::size_t k) const {
  const Discriminant& own = learner_.discriminants_[k];
  return learner_.dot_rounding_ * own.length + own.margin_rotation;
}

// Bound on |x|_{A^-1}, features alone: the intercept's error is counted apart.
double DiscriminantAnalysis::Differences::norm_of(const AlignedVector& x) const {
  const DiscriminantAnalysis& own = learner_;
  own.kernels_.multiply(own.inverse_.data(), own.columns_, own.stride_, x.data(), product_.data());
  product_[own.scatter_.features()] = 0;
  return (1 + own.drift_) *
         std::sqrt(std::max(own.kernels_.dot(x.data(), product_.data(), own.stride_), 0.0));
}

// The sizes of the terms in the products with the weights of both classes.
double DiscriminantAnalysis::Differences::terms(const Pair& pair, const AlignedVector& x) const {
  const AlignedVector& leader = learner_.discriminants_[pair.leader].weights;
  const AlignedVector& rival = learner_.discriminants_[pair.rival].weights;
  double sum = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    sum += std::abs(x[j]) * (std::abs(leader[j]) + std::abs(rival[j]));
  return sum;
}

// The sizes of the terms in the product with the difference of the weights. What two classes share,
// such as the logarithms of equal sizes, is no scale for the difference.
double DiscriminantAnalysis::Differences::terms_apart(const Pair& pair,
                                                      const AlignedVector& x) const {
  const AlignedVector& leader = learner_.discriminants_[pair.leader].weights;
  const AlignedVector& rival = learner_.discriminants_[pair.rival].weights;
  double sum = 0;
  for (std::size_t j = 0; j < leader.size(); ++j) sum += std::abs(x[j] * (leader[j] - rival[j]));
  return sum;
}

double DiscriminantAnalysis::Differences::error(const Pair& pair, const AlignedVector& x,
                                                double norm) const {
  const Discriminant& a = learner_.discriminants_[pair.leader];
  const Discriminant& b = learner_.discriminants_[pair.rival];
  return norm_of(x) * (a.radius + a.floor + b.radius + b.floor) +
         3 * (learner_.dot_rounding_ * terms(pair, x) + a.error + b.error +
              (a.margin_rotation + b.margin_rotation) * norm);
}

// What features add to a margin is N (m_a - m_b).A^-1 (x - (m_a + m_b) / 2), and its standard error
// is of the size of sqrt(N) |x - (m_a + m_b) / 2|_{A^-1}. Means count with the sizes of their
// members, since they may cancel. Classes of equal means differ in their sizes alone, however small
// the members are.
Verdict DiscriminantAnalysis::Differences::settle(const Pair& pair, const AlignedVector& x,
                                                  double norm, double margin) const {
  const Discriminant& a = learner_.discriminants_[pair.leader];
  const Discriminant& b = learner_.discriminants_[pair.rival];
  const double length = norm_of(x);
  const double sum = terms(pair, x);
  const double width = length * (std::max(a.radius, a.floor) + std::max(b.radius, b.floor)) +
                       2 * (learner_.dot_rounding_ * sum + a.error + b.error +
                            (a.margin_rotation + b.margin_rotation) * norm);
  const auto n = static_cast<double>(learner_.scatter_.size());
  const double members = a.members + b.members;
  const double from_means = length + members;
  const bool is_equal = learner_.has_equal_means(pair);
  const double standard_error =
      is_equal ? std::numeric_limits<double>::infinity() : std::sqrt(n) * from_means;
  const double reach =
      is_equal ? std::numeric_limits<double>::infinity() : n * from_means * members;
  const Tie tie = tie_of(width, standard_error, terms_apart(pair, x), reach);
  return settle_margin(margin, tie, [&] {
    const std::vector<DoubleDouble>& leader = learner_.exact(pair.leader);
    const std::vector<DoubleDouble>& rival = learner_.exact(pair.rival);
    DoubleDouble exact;
    for (std::size_t j = 0; j < leader.size(); ++j) exact = exact + (leader[j] + -rival[j]) * x[j];
    return exact.high;
  });
}

}  // namespace shapcpp
