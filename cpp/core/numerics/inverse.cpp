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
  products_.resize(columns * kBlock);
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

// Elimination in blocks down the diagonal, of the lower triangle alone: with the blocks done so far
// negated the matrix stays symmetric, and the last block leaves minus the inverse.
bool Inverter::invert_by_blocks(AlignedVector& matrix, const Checkpoint& checkpoint) {
  for (std::size_t first = 0; first < columns_; first += kBlock) {
    checkpoint();
    if (!eliminate(matrix.data(), first, std::min(kBlock, columns_ - first))) return false;
  }
  for (std::size_t i = 0; i < columns_; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const double value = -matrix[i * stride_ + j];
      matrix[i * stride_ + j] = matrix[j * stride_ + i] = value;
    }
  return true;
}

bool Inverter::eliminate(double* matrix, std::size_t first, std::size_t size) {
  std::fill(pivots_.begin(), pivots_.end(), 0.0);
  const std::size_t pivot_stride = padded_columns(size);
  for (std::size_t i = 0; i < size; ++i) {
    double* target = pivots_.data() + i * pivot_stride;
    std::copy_n(matrix + (first + i) * stride_ + first, i + 1, target);
    for (std::size_t j = i + 1; j < size; ++j)
      target[j] = matrix[(first + j) * stride_ + first + i];
  }
  if (!kernels_.invert(pivots_.data(), size, pivot_stride, scratch_.data())) return false;
  take_columns(matrix, first, size);
  // The columns times the inverse of the pivots: the factors of the update, and the new columns.
  for (double& factor : factors_) factor = -factor;
  std::fill(products_.begin(), products_.end(), 0.0);
  kernels_.subtract_product(products_.data(), columns_, pivot_stride, pivot_stride, factors_.data(),
                            pivots_.data(), size);
  for (std::size_t i = 0; i < columns_; ++i)
    std::copy_n(products_.data() + i * pivot_stride, size, factors_.data() + i * size);
  for (std::size_t begin = 0; begin < columns_; begin += kBlock) {
    if (begin == first) continue;
    const std::size_t rows = std::min(kBlock, columns_ - begin);
    kernels_.subtract_product(matrix + begin * stride_, rows, padded_columns(begin + rows), stride_,
                              factors_.data() + begin * size, rows_.data(), size);
  }
  put_columns(matrix, first, size);
  return true;
}

// The columns of a block, from the triangle: as rows, and as factors row by row. Zero in the block.
void Inverter::take_columns(const double* matrix, std::size_t first, std::size_t size) {
  for (std::size_t c = 0; c < size; ++c) {
    double* column = rows_.data() + c * stride_;
    std::copy_n(matrix + (first + c) * stride_, first, column);
    std::fill_n(column + first, size, 0.0);
    for (std::size_t i = first + size; i < columns_; ++i)
      column[i] = matrix[i * stride_ + first + c];
  }
  for (std::size_t i = 0; i < columns_; ++i)
    for (std::size_t c = 0; c < size; ++c) factors_[i * size + c] = rows_[c * stride_ + i];
}

void Inverter::put_columns(double* matrix, std::size_t first, std::size_t size) const {
  const std::size_t pivot_stride = padded_columns(size);
  for (std::size_t c = 0; c < size; ++c) {
    for (std::size_t i = 0; i < first; ++i)
      matrix[(first + c) * stride_ + i] = factors_[i * size + c];
    for (std::size_t j = 0; j < size; ++j)
      matrix[(first + c) * stride_ + first + j] = -pivots_[c * pivot_stride + j];
    for (std::size_t i = first + size; i < columns_; ++i)
      matrix[i * stride_ + first + c] = factors_[i * size + c];
  }
}

}  // namespace shapcpp
