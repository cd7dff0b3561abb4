// The exponential function of a register.
#pragma once

#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// exp(x) for x <= 0, within 2 units in the last place; below -700 it stays at exp(-700).
// x = n ln 2 + r with |r| <= ln(2) / 2, the Taylor polynomial of degree 13 in r, and n added to
// the exponent. ln 2 is split in two so that n * kLn2High is exact.
inline Vec exp_nonpositive(Vec x) {
  constexpr double kLog2E = 1.44269504088896340736;
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kRoundToInteger = 6755399441055744.0;  // 1.5 * 2^52
  x = select(x < -700.0, broadcast(-700.0), x);
  const Vec shifted = x * kLog2E + kRoundToInteger;
  const Vec n = shifted - kRoundToInteger;
  const Vec r = (x - n * kLn2High) - n * kLn2Low;
  Vec p = broadcast(1.0 / 6227020800.0);
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return (Vec)((Bits)p + ((Bits)shifted << 52));
}

// The same in single precision, with a polynomial of degree 6. Below -40 it stays at exp(-40), so
// that products do not become subnormal, which is slow.
inline Single exp_nonpositive(Single x) {
  constexpr float kLog2E = 1.44269504088896340736f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRoundToInteger = 12582912.0f;  // 1.5 * 2^23
  x = select(x < -40.0f, Single{} - 40.0f, x);
  const Single shifted = x * kLog2E + kRoundToInteger;
  const Single n = shifted - kRoundToInteger;
  const Single r = (x - n * kLn2High) - n * kLn2Low;
  Single p = Single{} + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return (Single)((SingleBits)p + ((SingleBits)shifted << 23));
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
