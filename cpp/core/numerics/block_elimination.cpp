#include "core/numerics/block_elimination.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

constexpr std::size_t kBlock = 32;
constexpr std::size_t kSideBySide = 16;

void subtract_product(const kernels::Kernels& kernels, double* target, std::size_t rows,
                      std::size_t width, std::size_t stride, const double* factors,
                      const double* block, std::size_t depth) {
  kernels.subtract_product(target, rows, padded_columns(width), stride, factors, block, depth);
}

void subtract_product(const kernels::Kernels& kernels, float* target, std::size_t rows,
                      std::size_t width, std::size_t stride, const float* factors,
                      const float* block, std::size_t depth) {
  kernels.subtract_single_product(target, rows, padded_rows(width), stride, factors, block, depth);
}

}  // namespace

template <class Real>
BlockElimination<Real>::BlockElimination(std::size_t columns, std::size_t stride)
    : columns_(columns),
      stride_(stride),
      kernels_(kernels::kernels()),
      scratch_(kBlock),
      pivots_(kBlock * kBlock),
      inverse_(kBlock * kBlock),
      factors_(columns * kBlock),
      products_(columns * kBlock),
      rows_(kBlock * stride) {}

// Elimination in blocks down the diagonal, of the lower triangle alone: with the blocks done so far
// negated the matrix stays symmetric, and the last block leaves minus the inverse.
template <class Real>
bool BlockElimination<Real>::invert(Real* matrix, const Checkpoint& checkpoint) {
  for (std::size_t first = 0; first < columns_; first += kBlock) {
    checkpoint();
    if (!eliminate(matrix, first, std::min(kBlock, columns_ - first))) return false;
  }
  for (std::size_t i = 0; i < columns_; ++i)
    for (std::size_t j = 0; j <= i; ++j) matrix[i * stride_ + j] = -matrix[i * stride_ + j];
  return true;
}

template <class Real>
bool BlockElimination<Real>::eliminate(Real* matrix, std::size_t first, std::size_t size) {
  std::fill(pivots_.begin(), pivots_.end(), 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    double* target = pivots_.data() + i * kBlock;
    std::copy_n(matrix + (first + i) * stride_ + first, i + 1, target);
    for (std::size_t j = i + 1; j < size; ++j)
      target[j] = static_cast<double>(matrix[(first + j) * stride_ + first + i]);
  }
  if (!kernels_.invert(pivots_.data(), size, kBlock, scratch_.data())) return false;
  take_columns(matrix, first, size);
  multiply_by_pivots(size);
  for (std::size_t begin = 0; begin < columns_; begin += kBlock) {
    if (begin == first) continue;
    const std::size_t rows = std::min(kBlock, columns_ - begin);
    subtract_product(kernels_, matrix + begin * stride_, rows, begin + rows, stride_,
                     factors_.data() + begin * size, rows_.data(), size);
  }
  put_columns(matrix, first, size);
  return true;
}

// The columns times the inverse of the pivots: the factors of the update, and the new columns.
template <class Real>
void BlockElimination<Real>::multiply_by_pivots(std::size_t size) {
  for (std::size_t i = 0; i < pivots_.size(); ++i) inverse_[i] = static_cast<Real>(pivots_[i]);
  for (Real& factor : factors_) factor = -factor;
  std::fill(products_.begin(), products_.end(), Real{0});
  subtract_product(kernels_, products_.data(), columns_, size, kBlock, factors_.data(),
                   inverse_.data(), size);
  for (std::size_t i = 0; i < columns_; ++i)
    std::copy_n(products_.data() + i * kBlock, size, factors_.data() + i * size);
}

// The columns of a block, from the triangle: as rows, and as factors row by row. Zero in the block.
template <class Real>
void BlockElimination<Real>::take_columns(const Real* matrix, std::size_t first, std::size_t size) {
  for (std::size_t c = 0; c < size; ++c) {
    Real* column = rows_.data() + c * stride_;
    std::copy_n(matrix + (first + c) * stride_, first, column);
    std::fill_n(column + first, size, Real{0});
  }
  for (std::size_t i = 0; i < first + size; ++i)
    for (std::size_t c = 0; c < size; ++c) factors_[i * size + c] = rows_[c * stride_ + i];
  for (std::size_t i = first + size; i < columns_; ++i)
    std::copy_n(matrix + i * stride_ + first, size, factors_.data() + i * size);
  // A few rows at a time, so that a line of the cache is filled while it is at hand.
  for (std::size_t begin = first + size; begin < columns_; begin += kSideBySide)
    for (std::size_t c = 0; c < size; ++c)
      for (std::size_t i = begin; i < std::min(begin + kSideBySide, columns_); ++i)
        rows_[c * stride_ + i] = factors_[i * size + c];
}

template <class Real>
void BlockElimination<Real>::put_columns(Real* matrix, std::size_t first, std::size_t size) const {
  for (std::size_t c = 0; c < size; ++c) {
    for (std::size_t i = 0; i < first; ++i)
      matrix[(first + c) * stride_ + i] = factors_[i * size + c];
    for (std::size_t j = 0; j < size; ++j)
      matrix[(first + c) * stride_ + first + j] = -inverse_[c * kBlock + j];
  }
  for (std::size_t i = first + size; i < columns_; ++i)
    std::copy_n(factors_.data() + i * size, size, matrix + i * stride_ + first);
}

template class BlockElimination<double>;
template class BlockElimination<float>;

}  // namespace shapcpp
