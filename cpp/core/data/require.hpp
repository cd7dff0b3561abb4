// Refuses arguments that contradict one another when a problem is constructed.
#pragma once

#include <stdexcept>

namespace shapcpp {

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace shapcpp
