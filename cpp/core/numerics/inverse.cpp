#include "core/numerics/inverse.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// Up to this size elimination goes row by row: the matrix fits the nearest cache.
constexpr std::size_t kUnblocked = 64;
constexpr std::size_t kBlock = 32;

}  // namespace

Inverter::Inverter(std::size_t columns, std::size_t stride)
    : columns_(columns),
      stride_(stride),
      kernels_(kernels::kernels()),
      scratch_(std::max(columns, kUnblocked)) {
  if (columns <= kUnblocked) return;
  pivots_.resize(kBlock * kBlock);
  factors_.resize(columns * kBlock);
  rows_.resize(kBlock * stride);
}

bool Inverter::invert(AlignedVector& matrix, const Checkpoint& checkpoint) {
  if (columns_ > kUnblocked) {
    original_ = matrix;
    if (invert_by_blocks(matrix, checkpoint) && is_well_conditioned(matrix)) return true;
    std::copy(original_.begin(), original_.end(), matrix.begin());
  }
  return kernels_.invert(matrix.data(), columns_, stride_, scratch_.data());
}

// Lemma 12: elimination by blocks multiplies by inverses of blocks, so that its error grows with
// the condition number twice, once more than that of elimination row by row. Up to this condition
// number the former is still below the bound of the latter, which has d^3.
bool Inverter::is_well_conditioned(const AlignedVector& inverse) const {
  double condition = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    const double entry = inverse[j * (stride_ + 1)];
    if (!(entry > 0)) return false;
    condition += original_[j * (stride_ + 1)] * entry;
  }
  return condition <= static_cast<double>(columns_) * static_cast<double>(columns_);
}

// Gauss-Jordan elimination, down the diagonal in blocks.
bool Inverter::invert_by_blocks(AlignedVector& matrix, const Checkpoint& checkpoint) {
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
