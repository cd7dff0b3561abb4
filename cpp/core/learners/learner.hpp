// What a game needs of a learner: a growing training set, and what is known of its model.
#pragma once

#include <concepts>
#include <cstddef>

#include "core/learners/scores.hpp"

namespace shapcpp {

// `Fitted` is what a fit tells a judge, `Scores` what less than a fit tells it: the model, and how
// far the true one can be. A fit serves the pairs of classes that the judge has left open. A
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
// estimates are taken, each tighter for the open pairs than the one before for as long as
// `refine()` is true, and `settle` hears whether one of them was enough; if none was, or none was
// tried, `fit()` follows.
template <class L>
concept EstimatingLearner = Learner<L> && requires(L learner, bool decided, const OpenPairs& open) {
  { learner.may_estimate() } -> std::same_as<bool>;
  { learner.estimate() } -> std::convertible_to<const typename L::Scores&>;
  { learner.refine(open) } -> std::same_as<bool>;
  learner.settle(decided);
};

}  // namespace shapcpp
