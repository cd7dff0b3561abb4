// Logits and probabilities of several classes and the gradient, in double or single precision.
// Numbers of class k and row i stand at k * kTileRows + i.
#pragma once

#include "kernels/exponential.hpp"
#include "kernels/lane_sums.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

inline Vec larger(Vec a, Vec b) {
  return select(a > b, a, b);
}

inline Single larger(Single a, Single b) {
  return select(a > b, a, b);
}

// Several registers of rows: their exponentials run side by side.
template <size_t Registers, class Real>
inline void softmax_of(Real* values, size_t classes) {
  using Register = typename RegisterOf<Real>::Type;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  Register most[Registers];
  for (size_t r = 0; r < Registers; ++r) most[r] = load(values + r * kLength);
  for (size_t k = 1; k < classes; ++k)
    for (size_t r = 0; r < Registers; ++r)
      most[r] = larger(load(values + k * kTileRows + r * kLength), most[r]);
  Register sums[Registers];
  set_to_zero(sums, Registers);
  for (size_t k = 0; k < classes; ++k)
    for (size_t r = 0; r < Registers; ++r) {
      Real* own = values + k * kTileRows + r * kLength;
      const Register odds = exp_nonpositive(load(own) - most[r]);
      store(own, odds);
      sums[r] += odds;
    }
  for (size_t r = 0; r < Registers; ++r) sums[r] = Real{1} / sums[r];
  for (size_t k = 0; k < classes; ++k)
    for (size_t r = 0; r < Registers; ++r) {
      Real* own = values + k * kTileRows + r * kLength;
      store(own, load(own) * sums[r]);
    }
}

// Registers of sums that are held at once, for four classes each.
constexpr size_t kHeld = kLanes == 8 ? 4 : 2;

template <size_t Classes, size_t Rows, class Real>
inline void logits_of(const Real* tile, size_t columns, const Real* weights, size_t stride,
                      Real* logits) {
  using Register = typename RegisterOf<Real>::Type;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  Register sums[Classes][Rows];
  set_to_zero(sums[0], Classes * Rows);
  size_t j = 0;
  do {  // at least once, so that sums need no place in memory
    for (size_t r = 0; r < Rows; ++r) {
      const Register value = load(tile + r * kLength);
      for (size_t k = 0; k < Classes; ++k) sums[k][r] += value * weights[k * stride + j];
    }
    tile += kTileStride;
  } while (++j < columns);
  for (size_t k = 0; k < Classes; ++k)
    for (size_t r = 0; r < Rows; ++r) store(logits + k * kTileRows + r * kLength, sums[k][r]);
}

template <size_t Classes, class Real>
inline void logits_of_rows(const Real* tile, size_t columns, const Real* weights, size_t stride,
                           size_t rows, Real* logits) {
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  size_t row = 0;
  for (; row + kHeld * kLength <= rows; row += kHeld * kLength)
    logits_of<Classes, kHeld>(tile + row, columns, weights, stride, logits + row);
  for (; row < rows; row += kLength)
    logits_of<Classes, 1>(tile + row, columns, weights, stride, logits + row);
}

template <class Real>
inline void logits_in(const Real* tile, size_t columns, const Real* weights, size_t classes,
                      size_t stride, size_t rows, Real* values) {
  size_t k = 0;
  for (; k + 4 <= classes; k += 4)
    logits_of_rows<4>(tile, columns, weights + k * stride, stride, rows, values + k * kTileRows);
  for (; k + 2 <= classes; k += 2)
    logits_of_rows<2>(tile, columns, weights + k * stride, stride, rows, values + k * kTileRows);
  if (k < classes)
    logits_of_rows<1>(tile, columns, weights + k * stride, stride, rows, values + k * kTileRows);
}

template <size_t Classes, size_t Columns, class Real>
inline void add_products_of(const Real* tile, const Real* residuals, size_t rows, double* gradient,
                            size_t stride) {
  using Register = typename RegisterOf<Real>::Type;
  Register sums[Classes][Columns];
  set_to_zero(sums[0], Classes * Columns);
  for (size_t row = 0; row < rows; row += RegisterOf<Real>::kLength) {
    Register own[Classes];
    for (size_t k = 0; k < Classes; ++k) own[k] = load(residuals + k * kTileRows + row);
    for (size_t j = 0; j < Columns; ++j) {
      const Register value = load(tile + j * kTileStride + row);
      for (size_t k = 0; k < Classes; ++k) sums[k][j] += own[k] * value;
    }
  }
  for (size_t k = 0; k < Classes; ++k) {
    const Register of_columns = sums_of_lanes<Real, Columns>(sums[k]);
    for (size_t j = 0; j < Columns; ++j) gradient[k * stride + j] += of_columns[j];
  }
}

template <size_t Classes, class Real>
inline void add_columns_of(const Real* tile, size_t columns, const Real* residuals, size_t rows,
                           double* gradient, size_t stride) {
  size_t j = 0;
  for (; j + kHeld <= columns; j += kHeld)
    add_products_of<Classes, kHeld>(tile + j * kTileStride, residuals, rows, gradient + j, stride);
  for (; j < columns; ++j)
    add_products_of<Classes, 1>(tile + j * kTileStride, residuals, rows, gradient + j, stride);
}

template <class Real>
inline void add_gradient_in(const Real* tile, size_t columns, const Real* residuals, size_t classes,
                            size_t stride, size_t rows, double* gradient) {
  size_t k = 0;
  for (; k + 4 <= classes; k += 4)
    add_columns_of<4>(tile, columns, residuals + k * kTileRows, rows, gradient + k * stride,
                      stride);
  for (; k + 2 <= classes; k += 2)
    add_columns_of<2>(tile, columns, residuals + k * kTileRows, rows, gradient + k * stride,
                      stride);
  if (k < classes)
    add_columns_of<1>(tile, columns, residuals + k * kTileRows, rows, gradient + k * stride,
                      stride);
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
