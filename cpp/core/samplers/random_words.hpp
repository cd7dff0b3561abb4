// Random 64-bit words, the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace shapcpp {

// Philox4x64-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011) with key
// (seed, index) and counters (1, 0, 0, 0), (2, 0, 0, 0), ...; the four words of each block in
// order. This is numpy.random.Philox(key=[seed, index]).random_raw().
class RandomWords {
 public:
  RandomWords(std::uint64_t seed, std::uint64_t index) : key_{seed, index} {}

  std::uint64_t next();
  // Uniform on 0 .. bound - 1 by Lemire's method (2019): the upper half of the 128-bit product word
  // * bound, where the word is rejected if the lower half is below 2^64 mod bound.
  std::uint64_t below(std::uint64_t bound);

 private:
  std::array<std::uint64_t, 4> block() const;

  std::array<std::uint64_t, 2> key_;
  std::uint64_t counter_ = 0;
  std::array<std::uint64_t, 4> words_{};
  std::size_t used_ = 4;
};

}  // namespace shapcpp
