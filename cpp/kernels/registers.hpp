// Registers of one instruction set, with SHAPCPP_LEVEL naming it and SHAPCPP_LANES its doubles per
// register. The files of loops that include this are compiled once per level: everything in them
// has internal linkage or lives in the level's own namespace, and nothing from the standard library
// is instantiated, since the linker would keep one copy for all levels.
#pragma once

#include <cstddef>

#ifdef __SSE2__
#include <immintrin.h>
#endif

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

// Compilers convert a whole register in halves, unless told.
inline Vec load_widened(const float* address) {
#if defined(__AVX512F__) && SHAPCPP_LANES == 8
  return (Vec)_mm512_cvtps_pd(_mm256_loadu_ps(address));
#else
  return __builtin_convertvector(*reinterpret_cast<const HalfSingle*>(address), Vec);
#endif
}

inline Vec load_widened(const double* address) {
  return load(address);
}

inline void store_narrowed(float* address, Vec value) {
#if defined(__AVX512F__) && SHAPCPP_LANES == 8
  _mm256_storeu_ps(address, _mm512_cvtpd_ps((__m512d)value));
#else
  *reinterpret_cast<HalfSingle*>(address) = __builtin_convertvector(value, HalfSingle);
#endif
}

inline Single absolute(Single value) {
  return (Single)((SingleBits)value & 0x7fffffff);
}

// A bit for each lane of a comparison, the first lane's lowest.
inline unsigned mask_of(SingleBits condition) {
#if defined(__AVX512DQ__) && SHAPCPP_LANES == 8
  return _mm512_movepi32_mask((__m512i)condition);
#elif defined(__AVX2__) && SHAPCPP_LANES == 4
  return static_cast<unsigned>(_mm256_movemask_ps((__m256)condition));
#elif defined(__SSE2__) && SHAPCPP_LANES == 2
  return static_cast<unsigned>(_mm_movemask_ps((__m128)condition));
#else
  unsigned mask = 0;
  for (size_t lane = 0; lane < kSingleLanes; ++lane)
    mask |= static_cast<unsigned>(condition[lane] & 1) << lane;
  return mask;
#endif
}

inline unsigned mask_of(Bits condition) {
#if defined(__AVX512DQ__) && SHAPCPP_LANES == 8
  return _mm512_movepi64_mask((__m512i)condition);
#elif defined(__AVX2__) && SHAPCPP_LANES == 4
  return static_cast<unsigned>(_mm256_movemask_pd((__m256d)condition));
#elif defined(__SSE2__) && SHAPCPP_LANES == 2
  return static_cast<unsigned>(_mm_movemask_pd((__m128d)condition));
#else
  unsigned mask = 0;
  for (size_t lane = 0; lane < kLanes; ++lane)
    mask |= static_cast<unsigned>(condition[lane] & 1) << lane;
  return mask;
#endif
}

// The masks of a > b and a >= b.
inline unsigned mask_of_greater(Single a, Single b) {
#if SHAPCPP_LANES == 8
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
#else
  return mask_of((SingleBits)(a > b));
#endif
}

inline unsigned mask_of_at_least(Single a, Single b) {
#if SHAPCPP_LANES == 8
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GE_OQ);
#else
  return mask_of((SingleBits)(a >= b));
#endif
}

// Pairs of whole numbers of 16 bits, a lane each.
inline SingleBits load_pairs(const short* address) {
  return *reinterpret_cast<const SingleBits*>(address);
}

inline SingleBits broadcast_pair(const short* address) {
  int pair;
  __builtin_memcpy(&pair, address, sizeof pair);
  return pair - SingleBits{};
}

// In each lane, the sum of both products.
inline SingleBits multiply_pairs(SingleBits a, SingleBits b) {
#if defined(__AVX512BW__) && SHAPCPP_LANES == 8
  return (SingleBits)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__) && SHAPCPP_LANES == 4
  return (SingleBits)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__) && SHAPCPP_LANES == 2
  return (SingleBits)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  return (a >> 16) * (b >> 16) + ((a << 16) >> 16) * ((b << 16) >> 16);
#endif
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

// Registers of sums, where `= {}` would be a call that clears memory, dearer than the sums. By a
// pointer to each type: a reference to an array, or a type that is an argument of a template, would
// promise an alignment that they do not have.
inline void set_to_zero(Vec* sums, size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] = Vec{};
}

inline void set_to_zero(Single* sums, size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] = Single{};
}

inline void set_to_zero(SingleBits* sums, size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] = SingleBits{};
}

inline Vec select(Bits condition, Vec yes, Vec no) {
  return (Vec)((condition & (Bits)yes) | (~condition & (Bits)no));
}

inline Single select(SingleBits condition, Single yes, Single no) {
  return (Single)((condition & (SingleBits)yes) | (~condition & (SingleBits)no));
}

// The register of numbers in double or single precision, and of comparisons of them.
template <class Real>
struct RegisterOf;
template <>
struct RegisterOf<double> {
  typedef Vec Type;
  typedef Bits Mask;
  typedef long long Index;
  static constexpr size_t kLength = kLanes;
};
template <>
struct RegisterOf<float> {
  typedef Single Type;
  typedef SingleBits Mask;
  typedef int Index;
  static constexpr size_t kLength = kSingleLanes;
};

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
