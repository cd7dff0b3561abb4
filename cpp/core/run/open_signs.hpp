// Counts of the decisions that scores leave open.
#pragma once

#include <cstdint>

namespace shapcpp {

struct OpenSigns {
  std::int64_t uncertified = 0;  // below the rounding floor

  OpenSigns& operator+=(const OpenSigns& other) {
    uncertified += other.uncertified;
    return *this;
  }
  // As above; false, and nothing useful here, if a sum does not fit 64 bits.
  [[nodiscard]] bool add(const OpenSigns& other) {
    return !__builtin_add_overflow(uncertified, other.uncertified, &uncertified);
  }
  bool operator==(const OpenSigns&) const = default;
};

}  // namespace shapcpp
