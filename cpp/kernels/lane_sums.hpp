// The sums of the lanes of several registers at once, in the lanes of one.
#pragma once

#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// The numbers 0 .. Count - 1 as template arguments.
template <size_t... Lane>
struct Lanes {};
template <size_t Count, size_t... Lane>
struct CountedLanes : CountedLanes<Count - 1, Count - 1, Lane...> {};
template <size_t... Lane>
struct CountedLanes<0, Lane...> {
  typedef Lanes<Lane...> Type;
};

template <size_t Unit, size_t Odd, size_t Length>
constexpr int place(size_t lane) {
  return static_cast<int>(lane % Unit + lane / (2 * Unit) * 2 * Unit + Odd * Unit +
                          lane / Unit % 2 * Length);
}

// Units of `Unit` lanes of two registers in turn, from unit `Odd` (0 or 1) of each on.
template <size_t Unit, size_t Odd, class Register, size_t... Lane>
inline Register in_turn(Register a, Register b, Lanes<Lane...>) {
  constexpr size_t kLength = sizeof...(Lane);
#ifdef __clang__
  return __builtin_shufflevector(a, b, place<Unit, Odd, kLength>(Lane)...);
#else
  using Places = decltype(a > b);  // whole numbers of the same size
  return __builtin_shuffle(a, b, Places{place<Unit, Odd, kLength>(Lane)...});
#endif
}

// The sum of the lanes of register i in each lane whose number is i modulo `Count`, a power of two.
template <class Real, size_t Count, size_t Unit = 1>
inline typename RegisterOf<Real>::Type sums_of_lanes(
    const typename RegisterOf<Real>::Type* registers) {
  using Register = typename RegisterOf<Real>::Type;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  constexpr typename CountedLanes<kLength>::Type lanes;
  if constexpr (Unit == kLength) {
    return registers[0];
  } else if constexpr (Count > 1) {
    Register halves[Count / 2];
    for (size_t i = 0; i < Count / 2; ++i)
      halves[i] = in_turn<Unit, 0>(registers[2 * i], registers[2 * i + 1], lanes) +
                  in_turn<Unit, 1>(registers[2 * i], registers[2 * i + 1], lanes);
    return sums_of_lanes<Real, Count / 2, 2 * Unit>(halves);
  } else {
    const Register both = in_turn<Unit, 0>(registers[0], registers[0], lanes) +
                          in_turn<Unit, 1>(registers[0], registers[0], lanes);
    return sums_of_lanes<Real, 1, 2 * Unit>(&both);
  }
}

// A register of numbers 0, 1, 2, ...
template <class Real>
inline typename RegisterOf<Real>::Mask lane_numbers() {
  typename RegisterOf<Real>::Mask lanes{};
  for (size_t lane = 0; lane < RegisterOf<Real>::kLength; ++lane)
    lanes[lane] = static_cast<typename RegisterOf<Real>::Index>(lane);
  return lanes;
}

// Of one register of columns of `Rows` rows of a symmetric matrix: adds the rows' products with the
// factors to the sums of each row, and those of the mirror image, with `own` for the rows, to the
// product at these columns.
template <size_t Rows, class Real>
inline void multiply_both_ways(const Real* numbers, size_t stride, const Real* factors,
                               const Real* own, typename RegisterOf<Real>::Type* sums,
                               Real* product) {
  using Register = typename RegisterOf<Real>::Type;
  const Register factor = load(factors);
  Register even = load(product), odd{};  // sums that wait for each other take long
  for (size_t i = 0; i < Rows; ++i) {
    const Register value = load(numbers + i * stride);
    sums[i] += value * factor;
    if (i % 2 == 0)
      even += value * own[i];
    else
      odd += value * own[i];
  }
  store(product, even + odd);
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
