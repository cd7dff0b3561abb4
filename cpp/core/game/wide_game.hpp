// The game of logistic regressions of many features, which share the products of samples.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "core/game/learned_game.hpp"
#include "core/judges/gram_watch.hpp"
#include "core/judges/training_predictions.hpp"
#include "core/learners/dual/wide_logistic.hpp"

namespace shapcpp {

using WideGame = LearnedGame<WideLogistic, GramWatch, TrainingPredictions>;

// The first game computes the products, while other threads wait.
class WideGameFactory final : public LearnedGames<WideGame> {
 public:
  // `problem` must outlive the factory and its games; `stored`: see Gram.
  WideGameFactory(const Problem& problem, bool stored) : LearnedGames(problem), stored_(stored) {}
  std::unique_ptr<Game> make(const Context& context) const override {
    std::call_once(once_, [&] { gram_.emplace(problem(), stored_, context.checkpoint); });
    return std::make_unique<WideGame>(problem(), context, *gram_);
  }

 private:
  const bool stored_;
  mutable std::once_flag once_;
  mutable std::optional<Gram> gram_;
};

}  // namespace shapcpp
