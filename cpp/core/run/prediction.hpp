// The prediction of a coalition for a sample outside it.
#pragma once

#include <cstdint>
#include <limits>

namespace shapcpp {

// A class; none for members, and if a coalition has no model to predict with.
using Prediction = std::uint16_t;
inline constexpr Prediction kNoPrediction = std::numeric_limits<Prediction>::max();

}  // namespace shapcpp
