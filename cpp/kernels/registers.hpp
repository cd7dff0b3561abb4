// Registers of one instruction set, with SHAPCPP_LEVEL naming it and SHAPCPP_LANES its doubles per
// register. The files of loops that include this are compiled once per level: everything in them
// has internal linkage or lives in the level's own namespace, and nothing from the standard library
// is instantiated, since the linker would keep one copy for all levels.
#pragma once

#include <cstddef>

#include "kernels/kernels.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

using std::size_t;

constexpr size_t kLanes = SHAPCPP_LANES;

// Typedefs, since Clang ignores `aligned` in an alias: it would take addresses for aligned.
typedef double Vec __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(8), may_alias));
typedef long long Bits __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(8), may_alias));

// Single precision: as many bits, twice the lanes.
constexpr size_t kSingleLanes = 2 * SHAPCPP_LANES;
typedef float Single __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(4), may_alias));
typedef int SingleBits __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(4), may_alias));
typedef signed char Flags __attribute__((vector_size(2 * SHAPCPP_LANES), aligned(1), may_alias));
typedef float HalfSingle __attribute__((vector_size(4 * SHAPCPP_LANES), aligned(4), may_alias));

inline Vec load(const double* address) {
  return *reinterpret_cast<const Vec*>(address);
}

inline void store(double* address, Vec value) {
  *reinterpret_cast<Vec*>(address) = value;
}

inline Vec broadcast(double value) {
  return value - Vec{};
}

inline Vec absolute(Vec value) {
  return (Vec)((Bits)value & 0x7fffffffffffffffLL);
}

inline Single load(const float* address) {
  return *reinterpret_cast<const Single*>(address);
}

inline void store(float* address, Single value) {
  *reinterpret_cast<Single*>(address) = value;
}

inline Vec load_widened(const float* address) {
  return __builtin_convertvector(*reinterpret_cast<const HalfSingle*>(address), Vec);
}

inline void store_narrowed(float* address, Vec value) {
  *reinterpret_cast<HalfSingle*>(address) = __builtin_convertvector(value, HalfSingle);
}

inline Single absolute(Single value) {
  return (Single)((SingleBits)value & 0x7fffffff);
}

// Halves are added to each other: the chain of additions stays short.
inline double sum_of_lanes(Vec value) {
  double sums[kLanes];
  for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] = value[lane];
  for (size_t half = kLanes / 2; half > 0; half /= 2)
    for (size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

inline double sum_of_lanes(Single value) {
  float lanes[kSingleLanes];
  store(lanes, value);
  return sum_of_lanes(load_widened(lanes) + load_widened(lanes + kLanes));
}

inline Vec select(Bits condition, Vec yes, Vec no) {
  return (Vec)((condition & (Bits)yes) | (~condition & (Bits)no));
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
