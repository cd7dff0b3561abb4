// The sizes of a run, from which each class computes how much it will allocate.
#pragma once

#include <cstddef>

#include "kernels/kernels.hpp"

namespace shapcpp {

struct RunShape {
  std::size_t n_samples = 0;
  std::size_t n_test = 0;
  std::size_t n_features = 0;  // columns of samples, without the intercept
  std::size_t n_players = 0;
  std::size_t n_classes = 0;
  std::size_t n_weighted = 0;  // sums of which moments are kept; none: those of all pairs
  // Of votes: sizes of coalitions that are kept apart, and ballots in an order; none without votes.
  std::size_t vote_sizes = 0;
  std::size_t n_ballots = 0;

  // Doubles, so that no product overflows; a rounding of some bytes does not matter. Samples are
  // not padded to whole tiles: a tile per class is small.
  double samples() const { return static_cast<double>(n_samples); }
  double tests() const { return static_cast<double>(n_test); }
  double players() const { return static_cast<double>(n_players); }
  double classes() const { return static_cast<double>(n_classes); }
  double columns() const { return static_cast<double>(n_features) + 1; }
  // Numbers of a sample in a tile.
  double tiled_columns() const { return columns() * kernels::kTileStride / kernels::kTileRows; }
};

// Bytes of a double, an index and a count alike, and of a number in single precision.
constexpr double kNumberBytes = 8;
constexpr double kSingleBytes = 4;

}  // namespace shapcpp
