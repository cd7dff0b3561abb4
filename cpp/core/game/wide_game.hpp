// The game of logistic regressions of many features, which share the products of samples.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "core/game/learned_game.hpp"
#include "core/judges/gram_pairs.hpp"
#include "core/judges/gram_watch.hpp"
#include "core/judges/training_predictions.hpp"
#include "core/learners/dual/wide_logistic.hpp"
#include "core/learners/dual/wide_one_against_rest.hpp"

namespace shapcpp {

using WideGame = LearnedGame<WideLogistic, GramWatch, TrainingPredictions>;
using WideClassGame = LearnedGame<WideOneAgainstRest, GramPairs, TrainingPredictions>;

// The first game computes the products, while other threads wait.
template <class Game>
class WideGameFactory final : public LearnedGames<Game> {
 public:
  // `problem` must outlive the factory and its games; `stored`: see Gram.
  WideGameFactory(const Problem& problem, bool stored)
      : LearnedGames<Game>(problem), stored_(stored) {}
  std::unique_ptr<shapcpp::Game> make(const Context& context) const override {
    std::call_once(once_, [&] { gram_.emplace(this->problem(), stored_, context.checkpoint); });
    return std::make_unique<Game>(this->problem(), context, *gram_);
  }

 private:
  const bool stored_;
  mutable std::once_flag once_;
  mutable std::optional<Gram> gram_;
};

}  // namespace shapcpp
