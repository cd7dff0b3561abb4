// Arguments that contradict one another end the construction of a problem.
#pragma once

#include <stdexcept>

namespace shapcpp {

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace shapcpp
