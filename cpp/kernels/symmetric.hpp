// Products with wide symmetric matrices that read half of them, with rows, and with Gram matrices
// of rows, in double or single precision.
#pragma once

#include "kernels/lane_sums.hpp"
#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// A register of sums in the precision of `Sum`, from numbers in that precision or a lower one.
template <class Sum, class Real>
inline typename RegisterOf<Sum>::Type load_as(const Real* address) {
  if constexpr (sizeof(Sum) == sizeof(Real))
    return load(address);
  else
    return load_widened(address);
}

// Rows of a wide matrix that are read side by side.
template <class Sum>
constexpr size_t kSideBySide = RegisterOf<Sum>::kLength < 4 ? 4 : RegisterOf<Sum>::kLength;

// Of `Rows` rows of a symmetric matrix: adds their products with the vector up to column `end` to
// theirs, and the products of what stands in these columns, mirrored, to those of rows up to `end`.
template <size_t Rows, bool Mirrored, class Real, class Sum>
inline void multiply_rows(const Real* rows, size_t stride, size_t begin, size_t end,
                          const Sum* vector, const Sum* own, typename RegisterOf<Sum>::Type* sums,
                          Sum* product) {
  using Register = typename RegisterOf<Sum>::Type;
  constexpr size_t kLength = RegisterOf<Sum>::kLength;
  for (size_t j = begin; j < end; j += kLength) {
    const Register right = load(vector + j);
    Register even{}, odd{};
    if (Mirrored && sizeof(Real) == 4) {
      // A register may be half of a line of the cache, which is asked for once.
      constexpr size_t kTurns = kLength * sizeof(Real) < 64 ? 2 : 1;
      const Real* next = rows + (Rows + j / kLength % kTurns * (Rows / kTurns)) * stride + j;
      for (size_t r = 0; r < Rows / kTurns; ++r) __builtin_prefetch(next + r * stride);
    }
    for (size_t r = 0; r < Rows; r += 2) {
      const Register first = load_as<Sum>(rows + r * stride + j),
                     second = load_as<Sum>(rows + (r + 1) * stride + j);
      sums[r] += first * right;
      sums[r + 1] += second * right;
      if (Mirrored) {
        even += first * own[r];
        odd += second * own[r + 1];
      }
    }
    if (Mirrored) store(product + j, load(product + j) + (even + odd));
  }
}

// Each number left of the diagonal's blocks is read once and serves two rows.
template <class Real, class Sum>
void multiply_wide(const Real* matrix, size_t columns, size_t stride, const Sum* vector,
                   Sum* product) {
  using Register = typename RegisterOf<Sum>::Type;
  constexpr size_t kLength = RegisterOf<Sum>::kLength;
  constexpr size_t kRows = kSideBySide<Sum>;
  size_t i = 0;
  for (; i + kRows <= columns; i += kRows) {
    Register sums[kRows];
    set_to_zero(sums, kRows);
    const Real* rows = matrix + i * stride;
    multiply_rows<kRows, true>(rows, stride, 0, i, vector, vector + i, sums, product);
    multiply_rows<kRows, false>(rows, stride, i, i + kRows, vector, vector, sums, product);
    for (size_t r = 0; r < kRows; ++r) product[i + r] = static_cast<Sum>(sum_of_lanes(sums[r]));
  }
  for (size_t j = i; j < stride; ++j) product[j] = 0;
  for (; i < columns; ++i) {
    const Real* row = matrix + i * stride;
    const size_t diagonal = columns / kRows * kRows;
    Register sum{};
    for (size_t j = 0; j < diagonal; j += kLength) {
      sum += load_as<Sum>(row + j) * load(vector + j);
      store(product + j, load(product + j) + load_as<Sum>(row + j) * vector[i]);
    }
    for (size_t j = diagonal; j < stride; j += kLength)
      sum += load_as<Sum>(row + j) * load(vector + j);
    product[i] += static_cast<Sum>(sum_of_lanes(sum));
  }
}

template <size_t Rows, class Real>
inline void multiply_rows_of(const Real* rows, size_t stride, const double* vector, size_t width,
                             double* product) {
  Vec sums[Rows];
  set_to_zero(sums, Rows);
  for (size_t j = 0; j < width; j += kLanes) {
    const Vec right = load(vector + j);
    for (size_t r = 0; r < Rows; ++r) sums[r] += load_as<double>(rows + r * stride + j) * right;
  }
  constexpr size_t kTogether = Rows < kLanes ? Rows : kLanes;
  for (size_t first = 0; first < Rows; first += kTogether) {
    const Vec of_rows = sums_of_lanes<double, kTogether>(sums + first);
    for (size_t r = 0; r < kTogether; ++r) product[first + r] = of_rows[r];
  }
}

template <class Real>
inline void multiply_each_row(const Real* rows, size_t count, size_t stride, const double* vector,
                              size_t width, double* product) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    multiply_rows_of<8>(rows + i * stride, stride, vector, width, product + i);
  for (; i < count; ++i) multiply_rows_of<1>(rows + i * stride, stride, vector, width, product + i);
}

template <size_t Rows, class Sum>
inline void subtract_gram_of(const float* rows, size_t stride, const Sum* vector, Sum* product) {
  using Register = typename RegisterOf<Sum>::Type;
  constexpr size_t kLength = RegisterOf<Sum>::kLength;
  Register sums[Rows];
  set_to_zero(sums, Rows);
  for (size_t j = 0; j < stride; j += kLength) {
    const Register right = load(vector + j);
    for (size_t r = 0; r < Rows; ++r) sums[r] += load_as<Sum>(rows + r * stride + j) * right;
  }
  Sum along[Rows];
  for (size_t r = 0; r < Rows; ++r) along[r] = static_cast<Sum>(sum_of_lanes(sums[r]));
  for (size_t j = 0; j < stride; j += kLength) {
    Register even = load(product + j), odd{};
    for (size_t r = 0; r < Rows; ++r) {
      if (r % 2 == 0)
        even -= load_as<Sum>(rows + r * stride + j) * along[r];
      else
        odd += load_as<Sum>(rows + r * stride + j) * along[r];
    }
    store(product + j, even - odd);
  }
}

// Rows eight at a time: the second reading finds them in the nearest cache.
template <class Sum>
inline void subtract_gram_of_rows(const float* rows, size_t count, size_t stride, const Sum* vector,
                                  Sum* product) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) subtract_gram_of<8>(rows + i * stride, stride, vector, product);
  for (; i + 2 <= count; i += 2) subtract_gram_of<2>(rows + i * stride, stride, vector, product);
  if (i < count) subtract_gram_of<1>(rows + i * stride, stride, vector, product);
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
