// Products with wide symmetric matrices, in double or single precision, that read half of them.
#pragma once

#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// Rows of a wide matrix that are read side by side.
constexpr size_t kSideBySide = kLanes < 4 ? 4 : kLanes;

// Of `Rows` rows of a symmetric matrix: adds their products with the vector up to column `end` to
// theirs, and the products of what stands in these columns, mirrored, to those of rows up to `end`.
template <size_t Rows, bool Mirrored, class Real>
inline void multiply_rows(const Real* rows, size_t stride, size_t begin, size_t end,
                          const double* vector, const double* own, Vec* sums, double* product) {
  for (size_t j = begin; j < end; j += kLanes) {
    const Vec right = load(vector + j);
    Vec even{}, odd{};
    if (Mirrored && sizeof(Real) == 4) {
      const Real* next = rows + (Rows + j / kLanes % 2 * (Rows / 2)) * stride + j;
      for (size_t r = 0; r < Rows / 2; ++r) __builtin_prefetch(next + r * stride);
    }
    for (size_t r = 0; r < Rows; r += 2) {
      const Vec first = load_widened(rows + r * stride + j),
                second = load_widened(rows + (r + 1) * stride + j);
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
template <class Real>
void multiply_wide(const Real* matrix, size_t columns, size_t stride, const double* vector,
                   double* product) {
  size_t i = 0;
  for (; i + kSideBySide <= columns; i += kSideBySide) {
    Vec sums[kSideBySide];
    set_to_zero(sums, kSideBySide);
    const Real* rows = matrix + i * stride;
    multiply_rows<kSideBySide, true>(rows, stride, 0, i, vector, vector + i, sums, product);
    multiply_rows<kSideBySide, false>(rows, stride, i, i + kSideBySide, vector, vector, sums,
                                      product);
    for (size_t r = 0; r < kSideBySide; ++r) product[i + r] = sum_of_lanes(sums[r]);
  }
  for (size_t j = i; j < stride; ++j) product[j] = 0;
  for (; i < columns; ++i) {
    const Real* row = matrix + i * stride;
    const size_t diagonal = columns / kSideBySide * kSideBySide;
    Vec sum{};
    for (size_t j = 0; j < diagonal; j += kLanes) {
      sum += load_widened(row + j) * load(vector + j);
      store(product + j, load(product + j) + load_widened(row + j) * vector[i]);
    }
    for (size_t j = diagonal; j < stride; j += kLanes)
      sum += load_widened(row + j) * load(vector + j);
    product[i] += sum_of_lanes(sum);
  }
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
