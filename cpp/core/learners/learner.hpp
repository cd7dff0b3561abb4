// The interface of a learner: a growing training set, and what is known about its model.
#pragma once

#include <concepts>
#include <cstddef>

#include "core/learners/scores.hpp"

namespace shapcpp {

// `Fitted` is a fit as a judge sees it; `Scores` is an estimate: a model, and a bound on its
// distance from the true one. A fit serves the pairs of classes that the judge has left open. A
// learner that is exact to rounding, or fits at once, needs no more than this.
template <class L>
concept Learner = requires(L learner, std::size_t sample, const OpenPairs& open) {
  typename L::Scores;
  typename L::Fitted;
  learner.clear();       // back to no samples
  learner.join(sample);  // sample of the training set
  { learner.fit(open) } -> std::convertible_to<const typename L::Fitted&>;
};

// A learner that often knows enough without a fit. For each coalition scored: if `may_estimate()`,
// estimates are taken, each tighter for the open pairs than the last as long as `refine()` returns
// true, and `settle` is told whether one of them was enough. If none was, or none was tried,
// `fit()` follows.
template <class L>
concept EstimatingLearner = Learner<L> && requires(L learner, bool decided, const OpenPairs& open) {
  { learner.may_estimate() } -> std::same_as<bool>;
  { learner.estimate() } -> std::convertible_to<const typename L::Scores&>;
  { learner.refine(open) } -> std::same_as<bool>;
  learner.settle(decided);
};

}  // namespace shapcpp
