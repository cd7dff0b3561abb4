// What a game needs of a learner: a growing training set, and what is known of its model.
#pragma once

#include <concepts>
#include <cstddef>

namespace shapcpp {

// `Scores` is what a learner tells a judge: the model, and how far the true one can be. A learner
// that is exact to rounding, or fits at once, needs no more than this.
template <class L>
concept Learner = requires(L learner, std::size_t sample) {
  typename L::Scores;
  learner.clear();       // back to no samples
  learner.join(sample);  // sample of the training set
  { learner.fit() } -> std::same_as<const typename L::Scores&>;
};

// A learner that often knows enough without a fit. For each coalition scored: if `may_estimate()`,
// estimates are taken, each tighter than the one before for as long as `refine()` is true, and
// `settle` hears whether one of them was enough; if none was, or none was tried, `fit()` follows.
template <class L>
concept EstimatingLearner = Learner<L> && requires(L learner, bool decided) {
  { learner.may_estimate() } -> std::same_as<bool>;
  { learner.estimate() } -> std::same_as<const typename L::Scores&>;
  { learner.refine() } -> std::same_as<bool>;
  learner.settle(decided);
};

}  // namespace shapcpp
