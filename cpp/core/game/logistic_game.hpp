// The games of logistic regression.
#pragma once

#include <memory>

#include "core/data/problem.hpp"
#include "core/game/game.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// By the path between fits, certified. `problem` must outlive the factory and its games.
std::unique_ptr<GameFactory> logistic_game(const Problem& problem);
// Bytes of one such game.
double logistic_game_bytes(const RunShape& shape);
// Its twin, which refits over all members and looks at every test sample.
std::unique_ptr<GameFactory> dense_logistic_game(const Problem& problem);

}  // namespace shapcpp
