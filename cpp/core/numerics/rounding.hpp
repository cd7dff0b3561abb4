// The unit of rounding in double precision.
#pragma once

#include <limits>

namespace shapcpp {

// The largest relative error of one operation.
constexpr double kRounding = std::numeric_limits<double>::epsilon() / 2;

}  // namespace shapcpp
