// Sets of the rows of a tile.
#pragma once

#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// How many bits are set; the builtin would call a library where there is no instruction for it.
inline size_t bits_of(unsigned long long word) {
  word -= word >> 1 & 0x5555555555555555;
  word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<size_t>(word * 0x0101010101010101 >> 56);
}

// Some rows of a tile, a bit each.
struct RowSet {
  static constexpr size_t kWord = 64;
  unsigned long long words[kTileRows / kWord] = {};

  // Those of a register that begins at `row`.
  void add(size_t row, SingleBits condition) { add(row, mask_of(condition)); }
  void add(size_t row, unsigned mask) {
    words[row / kWord] |= static_cast<unsigned long long>(mask) << row % kWord;
  }
  size_t count() const {
    size_t found = 0;
    for (const unsigned long long word : words) found += bits_of(word);
    return found;
  }
  // Lists them and returns their number.
  size_t list(unsigned short* rows) const {
    size_t found = 0;
    for (size_t w = 0; w < kTileRows / kWord; ++w)
      for (unsigned long long word = words[w]; word != 0; word &= word - 1)
        rows[found++] =
            static_cast<unsigned short>(w * kWord + static_cast<size_t>(__builtin_ctzll(word)));
    return found;
  }
};

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
