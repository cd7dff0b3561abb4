// Sums over samples of products of two columns, in double or single precision, and of weights with
// columns in single precision.
#pragma once

#include "kernels/lane_sums.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// Rows of the Hessian from `scaled` (curvature times feature, Height of them) against Width
// columns: Height * Width sums held in registers.
template <size_t Height, size_t Width, class Real>
void add_block(const Real* scaled, const Real* columns_from, size_t rows, double* hessian,
               size_t stride) {
  using Register = typename RegisterOf<Real>::Type;
  Register sums[Height][Width];
  set_to_zero(sums[0], Height * Width);
  size_t row = 0;
  do {  // at least once, so that sums need no place in memory
    Register right[Width];
    for (size_t l = 0; l < Width; ++l) right[l] = load(columns_from + l * kTileStride + row);
    for (size_t j = 0; j < Height; ++j) {
      const Register left = load(scaled + j * kTileStride + row);
      for (size_t l = 0; l < Width; ++l) sums[j][l] += left * right[l];
    }
    row += RegisterOf<Real>::kLength;
  } while (row < rows);
  if constexpr (Width > 1 && RegisterOf<Real>::kLength == kLanes) {
    for (size_t j = 0; j < Height; ++j) {
      const Register row_sums = sums_of_lanes<Real, Width>(sums[j]);
      for (size_t l = 0; l < Width; ++l) hessian[j * stride + l] += row_sums[l];
    }
  } else {
    for (size_t j = 0; j < Height; ++j)
      for (size_t l = 0; l < Width; ++l) hessian[j * stride + l] += sum_of_lanes(sums[j][l]);
  }
}

template <size_t Height, class Real>
void add_rows(const Real* scaled, const Real* tile, size_t first_row, size_t columns, size_t rows,
              double* hessian) {
  constexpr size_t kWidth = kLanes == 8 ? 4 : 2;  // 32 registers or 16
  double* target = hessian + first_row * columns;
  const size_t end = first_row + Height;
  size_t l = 0;
  for (; l + kWidth <= end; l += kWidth)
    add_block<Height, kWidth>(scaled, tile + l * kTileStride, rows, target + l, columns);
  for (; l < end; ++l)
    add_block<Height, 1>(scaled, tile + l * kTileStride, rows, target + l, columns);
}

template <class Real>
void add_products(const Real* tile, size_t columns, const Real* weights, size_t rows,
                  double* hessian, Real* scratch) {
  constexpr size_t kHeight = 4;
  for (size_t j = 0; j < columns; j += kHeight) {
    const size_t height = columns - j < kHeight ? columns - j : kHeight;
    for (size_t c = 0; c < height; ++c)
      for (size_t row = 0; row < rows; row += RegisterOf<Real>::kLength)
        store(scratch + c * kTileStride + row,
              load(tile + (j + c) * kTileStride + row) * load(weights + row));
    switch (height) {
      case 1: add_rows<1>(scratch, tile, j, columns, rows, hessian); break;
      case 2: add_rows<2>(scratch, tile, j, columns, rows, hessian); break;
      case 3: add_rows<3>(scratch, tile, j, columns, rows, hessian); break;
      default: add_rows<4>(scratch, tile, j, columns, rows, hessian); break;
    }
  }
}

// Adds the sums over rows of `weights` times Width columns to lane_sums. Two chains of additions
// for each column: sums that wait for each other take long, and short chains round less.
template <size_t Width>
inline void add_weighted_columns(const float* columns_from, const float* weights, size_t rows,
                                 double* lane_sums) {
  Single even[Width], odd[Width];
  set_to_zero(even, Width);
  set_to_zero(odd, Width);
  size_t row = 0;
  for (; row + 2 * kSingleLanes <= rows; row += 2 * kSingleLanes) {
    const Single first = load(weights + row), second = load(weights + row + kSingleLanes);
    for (size_t j = 0; j < Width; ++j) {
      const float* column = columns_from + j * kTileStride + row;
      even[j] += load(column) * first;
      odd[j] += load(column + kSingleLanes) * second;
    }
  }
  if (row < rows)
    for (size_t j = 0; j < Width; ++j)
      even[j] += load(columns_from + j * kTileStride + row) * load(weights + row);
  for (size_t j = 0; j < Width; ++j) {
    float lanes[kSingleLanes];
    store(lanes, even[j] + odd[j]);
    double* target = lane_sums + j * kLaneSums;
    store(target, load(target) + (load_widened(lanes) + load_widened(lanes + kLanes)));
  }
}

// Columns four at a time: as many as registers have room for share the loads of the weights.
inline void add_weighted(const float* tile, size_t columns, const float* weights, size_t rows,
                         double* lane_sums) {
  size_t j = 0;
  for (; j + 8 <= columns; j += 4)
    add_weighted_columns<4>(tile + j * kTileStride, weights, rows, lane_sums + j * kLaneSums);
  tile += j * kTileStride;
  lane_sums += j * kLaneSums;
  switch (columns - j) {
    case 1: add_weighted_columns<1>(tile, weights, rows, lane_sums); break;
    case 2: add_weighted_columns<2>(tile, weights, rows, lane_sums); break;
    case 3: add_weighted_columns<3>(tile, weights, rows, lane_sums); break;
    case 4: add_weighted_columns<4>(tile, weights, rows, lane_sums); break;
    case 5: add_weighted_columns<5>(tile, weights, rows, lane_sums); break;
    case 6: add_weighted_columns<6>(tile, weights, rows, lane_sums); break;
    case 7: add_weighted_columns<7>(tile, weights, rows, lane_sums); break;
    default: break;
  }
}

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
