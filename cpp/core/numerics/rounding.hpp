// The units of rounding in double and single precision.
#pragma once

#include <limits>

namespace shapcpp {

// The largest relative error of one operation.
constexpr double kRounding = std::numeric_limits<double>::epsilon() / 2;
constexpr double kSingleRounding = std::numeric_limits<float>::epsilon() / 2;
// Lemma 11: residuals are right to 8 roundings; the rest is for adding a residual times a sample to
// sums.
constexpr double kJoinRounding = 24 * kRounding;

}  // namespace shapcpp
