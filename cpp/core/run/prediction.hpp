// What a coalition predicts of a sample outside it.
#pragma once

#include <cstdint>
#include <limits>

namespace shapcpp {

// A class, or none: of members, and where a coalition has no model to predict with.
using Prediction = std::uint16_t;
inline constexpr Prediction kNoPrediction = std::numeric_limits<Prediction>::max();

}  // namespace shapcpp
