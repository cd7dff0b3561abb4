// Numbers of about 106 bits, each the sum of two doubles that do not overlap.
#pragma once

#include <cmath>

namespace shapcpp {

struct DoubleDouble {
  double high = 0;
  double low = 0;
};

// Exact if |a| >= |b| or a is zero.
inline DoubleDouble quick_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

// Exact (Knuth).
inline DoubleDouble exact_sum(double a, double b) {
  const double sum = a + b;
  const double of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}

inline DoubleDouble exact_product(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}

inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble high = exact_sum(a.high, b.high);
  const DoubleDouble low = exact_sum(a.low, b.low);
  const DoubleDouble sum = quick_sum(high.high, high.low + low.high);
  return quick_sum(sum.high, sum.low + low.low);
}

inline DoubleDouble operator+(DoubleDouble a, double b) {
  const DoubleDouble sum = exact_sum(a.high, b);
  return quick_sum(sum.high, sum.low + a.low);
}

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble product = exact_product(a.high, b.high);
  return quick_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

inline DoubleDouble operator*(DoubleDouble a, double b) {
  const DoubleDouble product = exact_product(a.high, b);
  return quick_sum(product.high, product.low + a.low * b);
}

inline DoubleDouble operator-(DoubleDouble a) {
  return {-a.high, -a.low};
}

// Long division, by digits of a double.
inline DoubleDouble operator/(DoubleDouble a, DoubleDouble b) {
  const double first = a.high / b.high;
  DoubleDouble rest = a + -(b * first);
  const double second = rest.high / b.high;
  rest = rest + -(b * second);
  return quick_sum(first, second) + rest.high / b.high;
}

// exp(x) for x <= 0: Taylor's series at x modulo log 2, divided by 2^8, squared back as exp(x) - 1.
inline DoubleDouble exponential(DoubleDouble x) {
  constexpr DoubleDouble kLog2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
  constexpr int kSquarings = 8;
  constexpr int kTerms = 11;
  if (x.high < -740) return {};
  const double halvings = std::nearbyint(x.high / kLog2.high);
  const DoubleDouble rest = (x + -(kLog2 * halvings)) * std::ldexp(1.0, -kSquarings);
  DoubleDouble sum;
  for (int k = kTerms; k > 0; --k)
    sum = rest * (sum + 1.0) / DoubleDouble{static_cast<double>(k), 0};
  for (int i = 0; i < kSquarings; ++i) sum = sum * 2.0 + sum * sum;
  const int exponent = static_cast<int>(halvings);
  sum = sum + 1.0;
  return {std::ldexp(sum.high, exponent), std::ldexp(sum.low, exponent)};
}

// log(x) for x > 0: one of Newton's steps from the rounded logarithm.
inline DoubleDouble logarithm(DoubleDouble x) {
  const double rounded = std::log(x.high);
  const DoubleDouble falling = exponential({-std::abs(rounded), 0});
  const DoubleDouble ratio = rounded > 0 ? x * falling : x / falling;
  return ratio + -1.0 + rounded;
}

// 1 / (1 + exp(x)).
inline DoubleDouble falling_logistic(DoubleDouble x) {
  const DoubleDouble tail = exponential(x.high > 0 ? -x : x);
  return (x.high > 0 ? tail : DoubleDouble{1, 0}) / (tail + 1.0);
}

}  // namespace shapcpp
