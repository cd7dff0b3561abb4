// What a run allocates, structure by structure, so that one that cannot fit is refused beforehand.
#pragma once

#include <cstddef>

namespace shapcpp {

struct RunShape {
  std::size_t n_samples = 0;
  std::size_t n_test = 0;
  std::size_t n_features = 0;
  std::size_t n_players = 0;
  std::size_t n_classes = 0;
  std::size_t threads = 0;
};

// Bytes of the problem, the tally, and the game of each thread, all of which are held at once. Near
// sets are counted as if every test sample were near. Throws std::length_error if no memory could
// hold them.
std::size_t footprint(const RunShape& shape);

}  // namespace shapcpp
