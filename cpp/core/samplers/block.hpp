// Repeated halving cuts an order into blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace shapcpp {

// Players [first, end) of an order. The change by each of them when all join once has the weight
// `share`.
struct Block {
  std::size_t first;
  std::size_t end;
  std::int64_t share;

  std::size_t size() const { return end - first; }
  std::size_t middle() const { return first + size() / 2; }
  Block left() const { return {first, middle(), share / 2}; }
  Block right() const { return {middle(), end, share / 2}; }
  // Whether it is walked once, not halved.
  bool is_leaf(std::size_t largest_leaf) const { return size() <= largest_leaf; }

  // Of all players: its share is a power of two, 1 in the smallest leaves.
  static Block whole(std::size_t n_players, std::size_t largest_leaf) {
    Block block{0, n_players, 1};
    for (std::size_t size = n_players; size > largest_leaf; size -= size / 2) block.share *= 2;
    return block;
  }
};

}  // namespace shapcpp
