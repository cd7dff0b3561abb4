#include "core/numerics/inverse.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// Up to this size elimination goes row by row: the matrix fits the nearest cache.
constexpr std::size_t kUnblocked = 64;
constexpr std::size_t kBlock = 32;

}  // namespace

Inverter::Inverter(std::size_t columns, std::size_t stride)
    : columns_(columns), stride_(stride), kernels_(kernels::kernels()), scratch_(kUnblocked) {
  if (columns <= kUnblocked) return;
  pivots_.resize(kBlock * kBlock);
  factors_.resize(columns * kBlock);
  rows_.resize(kBlock * stride);
}

// Gauss-Jordan elimination, down the diagonal in blocks.
bool Inverter::invert(AlignedVector& matrix, const Checkpoint& checkpoint) {
  if (columns_ <= kUnblocked)
    return kernels_.invert(matrix.data(), columns_, stride_, scratch_.data());
  for (std::size_t first = 0; first < columns_; first += kBlock) {
    checkpoint();
    if (!eliminate(matrix.data(), first, std::min(kBlock, columns_ - first))) return false;
  }
  return true;
}

bool Inverter::eliminate(double* matrix, std::size_t first, std::size_t size) {
  std::fill(pivots_.begin(), pivots_.end(), 0.0);
  const std::size_t pivot_stride = padded_columns(size);
  for (std::size_t i = 0; i < size; ++i)
    std::copy_n(matrix + (first + i) * stride_ + first, size, pivots_.data() + i * pivot_stride);
  if (!kernels_.invert(pivots_.data(), size, pivot_stride, scratch_.data())) return false;

  // The columns of the block become factors, and those of the identity take their place.
  for (std::size_t i = 0; i < columns_; ++i)
    for (std::size_t j = 0; j < size; ++j) {
      double& value = matrix[i * stride_ + first + j];
      factors_[i * size + j] = value;
      value = i == first + j ? 1.0 : 0.0;
    }
  // The rows of the block are multiplied by the inverse of the pivots.
  double* own = matrix + first * stride_;
  std::copy_n(own, size * stride_, rows_.begin());
  std::fill_n(own, size * stride_, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j)
      factors_[(first + i) * size + j] = -pivots_[i * pivot_stride + j];
  kernels_.subtract_product(own, size, stride_, factors_.data() + first * size, rows_.data(), size);
  // All other rows lose their multiple of the block's rows.
  kernels_.subtract_product(matrix, first, stride_, factors_.data(), own, size);
  const std::size_t next = first + size;
  kernels_.subtract_product(matrix + next * stride_, columns_ - next, stride_,
                            factors_.data() + next * size, own, size);
  return true;
}

}  // namespace shapcpp
