#include "core/game/logistic_game.hpp"

#include <stdexcept>
#include <string>

#include "core/game/learned_game.hpp"
#include "core/judges/margin_watch.hpp"
#include "core/learners/logistic/dense_path.hpp"
#include "core/learners/logistic/logistic_path.hpp"

namespace shapcpp {
namespace {

const Problem& of_two_classes(const Problem& problem) {
  if (problem.n_classes() != 2)
    throw std::invalid_argument("a logistic regression tells two classes apart, not " +
                                std::to_string(problem.n_classes()));
  return problem;
}

}  // namespace

std::unique_ptr<GameFactory> logistic_game(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<LogisticPath, MarginWatch>>>(
      of_two_classes(problem));
}

double logistic_game_bytes(const RunShape& shape) {
  return LogisticPath::bytes(shape) + MarginWatch::bytes(shape);
}

std::unique_ptr<GameFactory> dense_logistic_game(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<DensePath, MarginScan>>>(
      of_two_classes(problem));
}

}  // namespace shapcpp
