#include "core/game/logistic_game.hpp"

#include "core/game/learned_game.hpp"
#include "core/judges/margin_watch.hpp"
#include "core/learners/logistic/dense_path.hpp"
#include "core/learners/logistic/logistic_path.hpp"

namespace shapcpp {

std::unique_ptr<GameFactory> logistic_game(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<LogisticPath, MarginWatch>>>(problem);
}

double logistic_game_bytes(const RunShape& shape) {
  return LogisticPath::bytes(shape) + MarginWatch::bytes(shape);
}

std::unique_ptr<GameFactory> dense_logistic_game(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<DensePath, MarginScan>>>(problem);
}

}  // namespace shapcpp
