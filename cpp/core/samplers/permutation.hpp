// Permutation t of seed s: the same on every machine, and short enough to reimplement anywhere.
#pragma once

#include <cstdint>
#include <span>

#include "core/samplers/random_words.hpp"

namespace shapcpp {

// Fills `order` with permutation `index` of seed `seed` of the numbers 0 .. order.size() - 1, and
// returns the words (seed, index) that it left.
//
// Shuffle: start from 0, 1, ..., n - 1; for i = n - 1 down to 1 exchange entries i and j, where j
// is uniform on 0 .. i.
RandomWords fill_permutation(std::uint64_t seed, std::uint64_t index,
                             std::span<std::int64_t> order);

}  // namespace shapcpp
