#include "core/learners/bayes/naive_bayes.hpp"

#include <algorithm>
#include <cmath>

#include "core/learners/tie.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

// A tie is this many times as wide as what rounded members can do.
constexpr double kReserve = 2;

double length_of(const AlignedVector& v) {
  double squares = 0;
  for (const double part : v) squares += part * part;
  return std::sqrt(squares);
}

// The sum of logarithms, by the logarithm of the product.
DoubleDouble sum_of_logarithms(const std::vector<DoubleDouble>& numbers) {
  DoubleDouble product{1, 0};
  double exponent = 0;
  for (const DoubleDouble& number : numbers) {
    product = product * number;
    const int e = std::ilogb(product.high);
    product = {std::ldexp(product.high, -e), std::ldexp(product.low, -e)};
    exponent += e;
  }
  return logarithm(product) + logarithm({2, 0}) * exponent;
}

double dot_of_sizes(const AlignedVector& sizes, const AlignedVector& x) {
  double sum = 0;
  for (std::size_t j = 0; j < sizes.size(); ++j) sum += std::abs(x[j]) * sizes[j];
  return sum;
}

}  // namespace

NaiveBayes::NaiveBayes(const Problem& problem, const Context& context)
    : training_(problem.training()),
      statistics_(context.statistics),
      columns_(problem.columns()),
      features_((columns_ - 1) / 2),
      dot_rounding_((static_cast<double>(columns_) + 12) * kRounding),
      scores_(*this) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    class_weights_.push_back(problem.training().weight_of_class(k));
    normals_.push_back({.mean = std::vector<DoubleDouble>(features_),
                        .scatter = std::vector<DoubleDouble>(features_),
                        .magnitudes = std::vector<double>(features_),
                        .squares = std::vector<double>(features_),
                        .variance = std::vector<DoubleDouble>(features_),
                        .doubt = std::vector<double>(features_),
                        .constant = {},
                        .weights = AlignedVector(columns_),
                        .sizes = AlignedVector(columns_),
                        .errors = AlignedVector(columns_)});
  }
}

double NaiveBayes::bytes(const RunShape& s) {
  return kNumberBytes * s.classes() * s.columns() * (3 * 2 + 3 + 2 * 3);
}

void NaiveBayes::clear() {
  for (Normal& normal : normals_) {
    normal.size = 0;
    normal.is_known = false;
    std::fill(normal.mean.begin(), normal.mean.end(), DoubleDouble{});
    std::fill(normal.scatter.begin(), normal.scatter.end(), DoubleDouble{});
    std::fill(normal.magnitudes.begin(), normal.magnitudes.end(), 0.0);
    std::fill(normal.squares.begin(), normal.squares.end(), 0.0);
  }
}

// With n members before, the scatter grows by n / (n + 1) (z - mean)^2, and the mean by
// (z - mean) / (n + 1).
void NaiveBayes::join(std::size_t i) {
  Normal& own = normals_[training_.class_of(i)];
  const std::span<const double> z = training_.sample(i);
  const DoubleDouble after{static_cast<double>(own.size + 1), 0};
  const DoubleDouble share = DoubleDouble{static_cast<double>(own.size), 0} / after;
  for (std::size_t j = 0; j < features_; ++j) {
    const DoubleDouble away = -own.mean[j] + z[j];
    own.scatter[j] = own.scatter[j] + away * away * share;
    own.mean[j] = own.mean[j] + away / after;
    own.magnitudes[j] += std::abs(z[j]);
    own.squares[j] += z[j] * z[j];
  }
  ++own.size;
  own.is_known = false;
}

const FittedScores& NaiveBayes::fit(const OpenPairs&) {
  ++statistics_.fits;
  for (std::size_t k = 0; k < normals_.size(); ++k)
    if (normals_[k].size > 0 && !normals_[k].is_known) measure(k);
  return scores_;
}

// Lemma 18: rounded members move a mean by at most u times their mean absolute value, and a
// variance by `doubt` of itself, 4 roundings of the smoothing included.
void NaiveBayes::measure(std::size_t k) {
  constexpr double u = kRounding;
  Normal& own = normals_[k];
  const DoubleDouble size{static_cast<double>(own.size), 0};
  double size_of_constant = 0;
  double error_of_constant = 0;
  DoubleDouble of_means;
  for (std::size_t j = 0; j < features_; ++j) {
    const DoubleDouble spread = own.scatter[j] / size;
    const DoubleDouble v = spread + training_.penalty()[static_cast<Eigen::Index>(j)];
    const double magnitude = own.magnitudes[j] / size.high;
    const double squares = own.squares[j] / size.high;
    own.variance[j] = v;
    own.doubt[j] =
        4 * u * (std::sqrt(std::max(spread.high, 0.0) * squares) + u * squares) / v.high + 4 * u;
    const DoubleDouble slope = own.mean[j] / v;
    of_means = of_means + own.mean[j] * slope;
    own.weights[j] = slope.high;
    own.weights[features_ + j] = -0.5 / v.high;
    own.sizes[j] = magnitude / v.high;
    own.sizes[features_ + j] = 0.5 / v.high;
    size_of_constant += magnitude * magnitude / v.high + std::abs(std::log(v.high)) + 1;
    // The square of |z| + the mean magnitude, in its three terms.
    const double share = 2 * kReserve * (u + own.doubt[j]) / v.high;
    own.errors[j] = dot_rounding_ * own.sizes[j] + 2 * share * magnitude;
    own.errors[features_ + j] = dot_rounding_ * own.sizes[features_ + j] + share;
    error_of_constant += share * magnitude * magnitude + kReserve * own.doubt[j];
  }
  const DoubleDouble prior = logarithm(exact_product(class_weights_[k], size.high));
  own.constant = prior + sum_of_logarithms(own.variance) * -0.5;
  own.weights.back() = (own.constant + of_means * -0.5).high;
  own.sizes.back() = size_of_constant + std::abs(prior.high);
  own.errors.back() = dot_rounding_ * own.sizes.back() + error_of_constant;
  own.length_of_sizes = length_of(own.sizes);
  own.length_of_errors = length_of(own.errors);
  own.is_known = true;
}

// Lemma 18, with the distance of the sample from the mean where `measure` has the sum of their
// sizes.
NaiveBayes::Effect NaiveBayes::effect(const Normal& normal, const AlignedVector& x) const {
  Effect result;
  for (std::size_t j = 0; j < features_; ++j) {
    const double away = std::abs((-normal.mean[j] + x[j]).high);
    const double moved =
        kRounding * (std::abs(x[j]) + normal.magnitudes[j] / static_cast<double>(normal.size));
    const double square = away * away / normal.variance[j].high;
    result.width +=
        moved * (away + moved) / normal.variance[j].high + normal.doubt[j] * (square + 1) / 2;
    result.terms += (square + 1) / 2;
  }
  return result;
}

// Feature by feature, so that what is equal in both classes cancels.
DoubleDouble NaiveBayes::margin(const Normal& leader, const Normal& rival,
                                const AlignedVector& x) const {
  const auto square = [&](const Normal& normal, std::size_t j) {
    const DoubleDouble away = -normal.mean[j] + x[j];
    return away * away / normal.variance[j];
  };
  DoubleDouble sum;
  for (std::size_t j = 0; j < features_; ++j) sum = sum + (square(rival, j) + -square(leader, j));
  return leader.constant + -rival.constant + sum * 0.5;
}

void NaiveBayes::Differences::write_weights(std::size_t k, std::span<double> weights) const {
  std::copy_n(learner_.normals_[k].weights.begin(), weights.size(), weights.begin());
}

double NaiveBayes::Differences::length(const Pair& pair) const {
  const AlignedVector& leader = learner_.normals_[pair.leader].weights;
  const AlignedVector& rival = learner_.normals_[pair.rival].weights;
  double squares = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

double NaiveBayes::Differences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

double NaiveBayes::Differences::share_of_reach(std::size_t k) const {
  return 2 * learner_.normals_[k].length_of_errors;
}

double NaiveBayes::Differences::rounding(const Pair& pair) const {
  return learner_.dot_rounding_ * (learner_.normals_[pair.leader].length_of_sizes +
                                   learner_.normals_[pair.rival].length_of_sizes);
}

double NaiveBayes::Differences::error(const Pair& pair, const AlignedVector& x, double) const {
  return 2 * (dot_of_sizes(learner_.normals_[pair.leader].errors, x) +
              dot_of_sizes(learner_.normals_[pair.rival].errors, x));
}

// Terms of a score are as large as they are in a unit that means something: a factor of e in a
// density.
Verdict NaiveBayes::Differences::settle(const Pair& pair, const AlignedVector& x, double,
                                        double) const {
  const Normal& leader = learner_.normals_[pair.leader];
  const Normal& rival = learner_.normals_[pair.rival];
  const Effect a = learner_.effect(leader, x);
  const Effect b = learner_.effect(rival, x);
  const double margin = learner_.margin(leader, rival, x).high;
  return settle_margin(margin, tie_of(kReserve * (a.width + b.width), 0, a.terms + b.terms, 0),
                       [margin] { return margin; });
}

}  // namespace shapcpp
