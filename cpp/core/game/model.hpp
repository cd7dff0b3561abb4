// The models that a coalition of samples can train, and their games.
#pragma once

#include <memory>

#include "core/data/problem.hpp"
#include "core/game/game.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

enum class Model {
  kLogistic,        // logistic regression of two classes
  kOneAgainstRest,  // one of each class against the rest
  kMultinomial,     // multinomial logistic regression
  kRidge,           // ridge regressions on indicators of the classes
  kCentroid,        // the nearest mean of a class
  kDiscriminant,    // normal distributions of one covariance, with a ridge
  kBayes,           // normal distributions of independent features
};

// The certified game, which updates between fits. `problem` must outlive the factory and its games.
// Throws std::invalid_argument if the model cannot have that many classes.
std::unique_ptr<GameFactory> game_of(Model model, const Problem& problem);
// Bytes that such games share, and bytes of one of them.
double shared_bytes(Model model, const RunShape& shape);
double game_bytes(Model model, const RunShape& shape);
// Its twin, which refits over all members and evaluates every test sample.
std::unique_ptr<GameFactory> dense_game_of(Model model, const Problem& problem);

}  // namespace shapcpp
