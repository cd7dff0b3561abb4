// The interface of a judge, which scores a model on the test set and decides a prediction only if
// the knowledge of the model decides it; and of a predictor, for votes.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "core/learners/scores.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/prediction.hpp"

namespace shapcpp {

template <class J, class Scores, class Fitted>
concept Judge =
    requires(J judge, const Scores& scores, const Fitted& fitted, std::span<std::int64_t> values) {
      judge.clear();  // no score may depend on what was judged before
      judge.begin();  // a new coalition: nothing is decided
      // Decides by one estimate; earlier decisions stay. False if anything is left that a better
      // estimate, or a closer look at this one, might decide.
      { judge.decide(scores) } -> std::same_as<bool>;
      // The pairs of classes between which something is undecided.
      { judge.open_pairs() } -> std::same_as<const OpenPairs&>;
      judge.decide_what_can_be(fitted);  // as closely as it can
      { judge.write(values) } -> std::same_as<OpenSigns>;
    };

// The interface of a predictor, which decides the training samples outside a coalition in the same
// way.
template <class P, class Scores, class Fitted>
concept Predictor = requires(P predictor, const Scores& scores, const Fitted& fitted,
                             std::span<Prediction> ballot) {
  predictor.begin(ballot);  // one entry per sample, kNoPrediction for members
  { predictor.decide(scores) } -> std::same_as<bool>;
  { predictor.open_pairs() } -> std::same_as<const OpenPairs&>;
  { predictor.decide_what_can_be(fitted) } -> std::same_as<OpenSigns>;
};

}  // namespace shapcpp
