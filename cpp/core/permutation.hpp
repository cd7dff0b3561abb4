// Permutation t of seed s: the same on every machine, and short enough to write again anywhere.
#pragma once

#include <cstdint>
#include <span>

namespace shapcpp {

// Fills `order` with permutation `index` of seed `seed` of the numbers 0 .. order.size() - 1.
//
// Random words: Philox4x64-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011)
// with key (seed, index) and counters (1, 0, 0, 0), (2, 0, 0, 0), ...; the four words of each block
// in order. This is numpy.random.Philox(key=[seed, index]).random_raw().
// Shuffle: start from 0, 1, ..., n - 1; for i = n - 1 down to 1 exchange entries i and j, where j
// is uniform on 0 .. i by Lemire's method (2019): j is the upper half of the 128-bit product word *
// (i + 1), and the word is rejected if the lower half is below 2^64 mod (i + 1).
void fill_permutation(std::uint64_t seed, std::uint64_t index, std::span<std::int64_t> order);

}  // namespace shapcpp
