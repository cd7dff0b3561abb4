// The rounding of sums over the members and over the columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/numerics/rounding.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

// Relative rounding of a sum over that many members in the kernels' order of summation. Each
// register lane takes at most every second row of a tile, then lanes and tiles are added up; 16 for
// the rounding of the terms themselves.
inline double sum_rounding(std::size_t members) {
  const std::size_t in_a_lane = std::min(members, kernels::kTileRows) / 2 + 1;
  const std::size_t tiles = (members + kernels::kTileRows - 1) / kernels::kTileRows;
  return static_cast<double>(in_a_lane + 8 + tiles + 16) * kRounding;
}

// Roundings of each term of a margin in single precision, as the kernels add it up chunk by chunk,
// those of both factors included.
inline double single_roundings(std::size_t columns) {
  const std::size_t chunks = (columns + kernels::kSumChunk - 1) / kernels::kSumChunk;
  return static_cast<double>(std::min(columns, kernels::kSumChunk) + chunks + 1);
}

}  // namespace shapcpp
