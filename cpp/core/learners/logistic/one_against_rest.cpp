#include "core/learners/logistic/one_against_rest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {
namespace {

// Each regression has scores of two classes: its own class and the rest.
constexpr Pair kAgainstRest{1, 0};
// A regression known better than this share of the least known one in an open pair is not refined.
constexpr double kWorthRefining = 0.125;

}  // namespace

OneAgainstRest::OneAgainstRest(const Problem& problem, const Context& context)
    : members_(problem.training(), problem.n_classes()), scores_(*this) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    regressions_.emplace_back();
    regressions_.back().path = std::make_unique<LogisticPath>(problem, members_, k, context);
  }
}

double OneAgainstRest::bytes(const RunShape& shape) {
  return Members::bytes(shape) + shape.classes() * LogisticPath::bytes(shape);
}

void OneAgainstRest::clear() {
  members_.clear();
  for (Regression& regression : regressions_) regression.path->clear();
  is_estimated_ = false;
}

void OneAgainstRest::join(std::size_t i) {
  members_.add(i);
  for (Regression& regression : regressions_) {
    regression.path->join(i);
    regression.estimated = nullptr;
    regression.fitted = nullptr;
    regression.tried = false;
  }
  is_estimated_ = false;
}

const Optimum& OneAgainstRest::Regression::optimum() const {
  if (fitted != nullptr) return *fitted;
  return *estimated;
}

double OneAgainstRest::Regression::error(const AlignedVector& x, double norm) const {
  return fitted != nullptr ? fitted->error(kAgainstRest, x, norm)
                           : estimated->error(kAgainstRest, x, norm);
}

// The difference of two weights rounds once, far less than the term of `reach` for products.
void OneAgainstRest::measure(Regression& regression) const {
  const Optimum& optimum = regression.optimum();
  regression.length = optimum.weights.norm();
  regression.reach = std::isfinite(optimum.radius)
                         ? optimum.reach_of(regression.length) + kRounding * regression.length
                         : std::numeric_limits<double>::infinity();
  regression.rounding = optimum.rounding_of(regression.length);
}

const Scores& OneAgainstRest::estimate() {
  if (is_estimated_) return scores_;
  is_estimated_ = true;
  for (std::size_t k = 0; k < regressions_.size(); ++k) {
    if (!has(k)) continue;
    Regression& regression = regressions_[k];
    LogisticPath& path = *regression.path;
    regression.tried = path.may_estimate();
    // A pass that is made at once does not wait until a judge has seen that nothing is known.
    if (!regression.tried || (path.passes_at_once() && !path.refine())) {
      fit(k);
      continue;
    }
    regression.estimated = &path.estimate();
    measure(regression);
  }
  return scores_;
}

// The least certain regressions come first, and alone if nothing is known of them: the others add
// little to what leaves their pairs open, and may have no pair open once these are refined.
bool OneAgainstRest::refine(const OpenPairs& open) {
  const auto is_open = [&](std::size_t k) {
    return has(k) && open.involve(k) && regressions_[k].fitted == nullptr;
  };
  double widest = 0;
  for (std::size_t k = 0; k < regressions_.size(); ++k)
    if (is_open(k)) widest = std::max(widest, regressions_[k].reach);
  bool refined = false;
  for (std::size_t k = 0; k < regressions_.size(); ++k) {
    Regression& regression = regressions_[k];
    if (!is_open(k) || regression.reach < kWorthRefining * widest) continue;
    refined = true;
    if (!regression.path->refine()) {
      fit(k);
      continue;
    }
    regression.estimated = &regression.path->estimate();
    measure(regression);
  }
  return refined;
}

void OneAgainstRest::settle(bool) {
  for (Regression& regression : regressions_)
    if (regression.tried) regression.path->settle(regression.fitted == nullptr);
}

// What `refine` has left open are ties, or cannot be certified: of these any class may be one.
const FittedScores& OneAgainstRest::fit(const OpenPairs&) {
  for (std::size_t k = 0; k < regressions_.size(); ++k)
    if (has(k)) fit(k);
  return scores_;
}

void OneAgainstRest::fit(std::size_t k) {
  Regression& regression = regressions_[k];
  if (regression.fitted != nullptr) return;
  regression.fitted = &regression.path->fit();
  measure(regression);
}

// Scores that a fit of this coalition has given out refer to where the next one starts.
void OneAgainstRest::start_from(std::size_t k, const Eigen::VectorXd& weights) {
  if (regressions_[k].fitted == nullptr) regressions_[k].path->start_from(weights);
}

const FittedScores& OneAgainstRest::fit_alone() {
  for (std::size_t k = 0; k < regressions_.size(); ++k) {
    if (!has(k) || regressions_[k].fitted != nullptr) continue;
    regressions_[k].fitted = &regressions_[k].path->fit(false);
    measure(regressions_[k]);
  }
  return scores_;
}

void OneAgainstRest::Differences::write_weights(std::size_t k, std::span<double> weights) const {
  const Eigen::VectorXd& own = learner_.regressions_[k].optimum().weights;
  std::copy_n(own.data(), weights.size(), weights.begin());
}

double OneAgainstRest::Differences::length(const Pair& pair) const {
  const auto weights = [&](std::size_t k) -> const Eigen::VectorXd& {
    return learner_.regressions_[k].optimum().weights;
  };
  return (weights(pair.leader) - weights(pair.rival)).norm();
}

double OneAgainstRest::Differences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

double OneAgainstRest::Differences::error(const Pair& pair, const AlignedVector& x,
                                          double norm) const {
  const Regression& leader = learner_.regressions_[pair.leader];
  const Regression& rival = learner_.regressions_[pair.rival];
  return leader.error(x, norm) + rival.error(x, norm) +
         kRounding * (leader.length + rival.length) * norm;
}

double OneAgainstRest::Differences::rounding(const Pair& pair) const {
  return learner_.regressions_[pair.leader].rounding + learner_.regressions_[pair.rival].rounding;
}

// A tie is as wide as those of both regressions together. What the regressions share, such as their
// intercepts, is no scale for the margin.
Verdict OneAgainstRest::Differences::settle(const Pair& pair, const AlignedVector& x, double norm,
                                            double margin) const {
  const FittedOptimum& leader = *learner_.regressions_[pair.leader].fitted;
  const FittedOptimum& rival = *learner_.regressions_[pair.rival].fitted;
  double apart = 0;
  for (Eigen::Index j = 0; j < leader.weights.size(); ++j)
    apart += std::abs(x[static_cast<std::size_t>(j)] * (leader.weights[j] - rival.weights[j]));
  Tie tie = leader.tie(x, norm, apart);
  tie += rival.tie(x, norm, 0);
  return settle_margin(margin, tie,
                       [&] { return (leader.exact_margin(x) + -rival.exact_margin(x)).high; });
}

}  // namespace shapcpp
