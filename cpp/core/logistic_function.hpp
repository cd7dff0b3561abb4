// The logistic function of one margin, for the few that no vector loop serves.
#pragma once

#include <cmath>

namespace shapcpp {

inline double logistic_function(double z) {
  return z >= 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
}

}  // namespace shapcpp
