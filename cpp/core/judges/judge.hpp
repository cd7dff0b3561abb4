// What a game needs of a judge: the score of a model on the test set, decided only where what is
// known of the model decides it.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "core/learners/scores.hpp"
#include "core/run/open_signs.hpp"

namespace shapcpp {

template <class J, class Scores, class Fitted>
concept Judge =
    requires(J judge, const Scores& scores, const Fitted& fitted, std::span<std::int64_t> values) {
      judge.clear();  // no score may depend on what was judged before
      judge.begin();  // a new coalition: nothing is decided
      // Decides by one estimate; what was decided before stays so. False if anything is left, which
      // a better estimate, or a closer look at this one, might decide.
      { judge.decide(scores) } -> std::same_as<bool>;
      // The pairs of classes between which something is left.
      { judge.open_pairs() } -> std::same_as<const OpenPairs&>;
      judge.decide_what_can_be(fitted);  // as closely as it can
      { judge.write(values) } -> std::same_as<OpenSigns>;
    };

}  // namespace shapcpp
