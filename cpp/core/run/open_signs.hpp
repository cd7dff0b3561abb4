// Counts of the decisions that scores leave open: signs of margins, which then count as class 0.
#pragma once

#include <cstdint>

namespace shapcpp {

struct OpenSigns {
  std::int64_t ties = 0;         // margins of zero, as far as double precision can tell
  std::int64_t uncertified = 0;  // margins that double precision cannot tell from far larger ones

  OpenSigns& operator+=(const OpenSigns& other) {
    ties += other.ties;
    uncertified += other.uncertified;
    return *this;
  }
  // As above; false, and nothing useful here, if a sum does not fit 64 bits.
  [[nodiscard]] bool add(const OpenSigns& other) {
    return !__builtin_add_overflow(ties, other.ties, &ties) &&
           !__builtin_add_overflow(uncertified, other.uncertified, &uncertified);
  }
  bool operator==(const OpenSigns&) const = default;
};

}  // namespace shapcpp
