// The memory that a run allocates, so that a run that cannot fit is refused beforehand.
#pragma once

#include <cstddef>

#include "core/game/model.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Bytes of the problem, the tallies, and the game and the recorder of each thread, all of which are
// held at once. Throws std::length_error if no memory could hold them.
std::size_t footprint(const RunShape& shape, Model model, std::size_t threads);

}  // namespace shapcpp
