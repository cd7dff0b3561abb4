#include "core/numerics/shrinking_matrix.hpp"

#include <algorithm>
#include <cmath>

namespace shapcpp {
namespace {

// Rows that are read twice while the nearest cache holds them.
constexpr std::size_t kTogether = 16;
// Rows that are updated up to the same column where the matrix is halved.
constexpr std::size_t kSameWidth = 8;

}  // namespace

// As many rows as there are columns: a product with all of them reads twice as much as one with
// half of the matrix.
std::size_t ShrinkingMatrix::most_waiting(std::size_t size, std::size_t blocks) {
  return is_wide(size * blocks) ? size * blocks : 0;
}

double ShrinkingMatrix::bytes(double size, double blocks) {
  const double columns = size * blocks;
  const auto waiting = static_cast<double>(
      most_waiting(static_cast<std::size_t>(size), static_cast<std::size_t>(blocks)));
  const double single = waiting > 0 ? columns : 0;
  return sizeof(double) * (columns * (columns + 2 * blocks) + kTogether * blocks) +
         sizeof(float) * (columns + 1) * (single + waiting);
}

void ShrinkingMatrix::resize(std::size_t size, std::size_t blocks) {
  size_ = size;
  blocks_ = blocks;
  columns_ = size * blocks;
  stride_ = padded_columns(columns_);
  most_waiting_ = most_waiting(size, blocks);
  diagonal_.assign(stride_, 0.0);
  rows_.assign(blocks * stride_, 0.0);
  factors_.assign(rows_.size(), 0.0);
  // Blocks are read in whole registers, which end beyond the last row.
  waiting_rows_.assign(most_waiting_ * stride_ + kernels::kStrideMultiple, 0.0f);
  along_.assign(kTogether * blocks, 0.0);
  along_blocks_.resize(blocks);
  pointers_.resize(kTogether);
  rough_vector_.assign(padded_rows(stride_), 0.0f);
  rough_product_.assign(padded_rows(stride_), 0.0f);
  // Blocks on the diagonal are read in rows of the stride, which end beyond the matrix.
  single_.assign(is_wide(columns_) ? (columns_ + 1) * stride_ + kernels::kStrideMultiple : 0, 0.0f);
}

void ShrinkingMatrix::note_diagonal() {
  for (std::size_t j = 0; j < columns_; ++j) diagonal_[j] = values_[j * (stride_ + 1)];
}

// Products with blocks read a row up to the end of its own, others up to a register beyond the
// diagonal.
std::size_t ShrinkingMatrix::half_width(std::size_t row) const {
  const std::size_t end_of_block = (row / size_ + 1) * size_;
  return std::min(padded_columns(std::max(end_of_block, row + kernels::kRowMultiple)), stride_);
}

// What stands left of the diagonal counts twice.
double ShrinkingMatrix::narrow(const AlignedVector& scales) {
  double lost = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    lost += scales[j] * kernels_.narrow_row(values_.data() + j * stride_, scales.data(),
                                            half_width(j), single_.data() + j * stride_);
  return std::sqrt(2 * lost);
}

double* ShrinkingMatrix::next_rows(std::size_t count) {
  count_ = count;
  std::fill(rows_.begin(), rows_.end(), 0.0);
  return rows_.data();
}

double ShrinkingMatrix::take_off(const AlignedVector& scales) {
  if (!is_single_) {
    for (std::size_t j = 0; j < columns_; ++j)
      for (std::size_t p = 0; p < count_; ++p) factors_[j * count_ + p] = rows_[p * stride_ + j];
    const std::size_t together = is_halved() ? kSameWidth : columns_;
    for (std::size_t first = 0; first < columns_; first += together) {
      const std::size_t end = std::min(first + together, columns_);
      kernels_.subtract_product(values_.data() + first * stride_, end - first,
                                is_halved() ? half_width(end - 1) : stride_, stride_,
                                factors_.data() + first * count_, rows_.data(), count_);
    }
    note_diagonal();
    return 0;
  }
  last_ = waiting_;
  double lost = 0;
  for (std::size_t p = 0; p < count_; ++p, ++waiting_)
    lost += kernels_.narrow_row(rows_.data() + p * stride_, scales.data(), stride_,
                                waiting_rows_.data() + waiting_ * stride_);
  return std::sqrt(lost);
}

void ShrinkingMatrix::multiply_part(std::size_t first, std::size_t columns,
                                    const AlignedVector& vector, AlignedVector& product) const {
  const std::size_t corner = first * (stride_ + 1);
  if (is_single_)
    kernels_.multiply_widened(single_.data() + corner, columns, stride_, vector.data(),
                              product.data());
  else if (is_halved())
    kernels_.multiply_half(values_.data() + corner, columns, stride_, vector.data(),
                           product.data());
  else
    kernels_.multiply(values_.data() + corner, columns, stride_, vector.data(), product.data());
}

void ShrinkingMatrix::multiply(const AlignedVector& vector, AlignedVector& product) const {
  multiply_part(0, columns_, vector, product);
  if (is_single_)
    kernels_.subtract_gram(waiting_rows_.data(), waiting_, stride_, vector.data(), product.data());
}

void ShrinkingMatrix::multiply_roughly(const AlignedVector& vector, AlignedVector& product) {
  if (!is_single_) {
    multiply(vector, product);
    return;
  }
  copy_narrowed(vector.data(), stride_, rough_vector_.data());
  kernels_.multiply_roughly(single_.data(), columns_, stride_, rough_vector_.data(),
                            rough_product_.data());
  kernels_.subtract_gram_roughly(waiting_rows_.data(), waiting_, stride_, rough_vector_.data(),
                                 rough_product_.data());
  std::copy_n(rough_product_.begin(), stride_, product.begin());
}

void ShrinkingMatrix::multiply_settled(std::size_t first, std::size_t count,
                                       const AlignedVector& vector, AlignedVector& product) const {
  multiply_part(first * size_, count * size_, vector, product);
}

void ShrinkingMatrix::multiply_blocks(const AlignedVector& x, AlignedVector& products) {
  std::fill(products.begin(), products.end(), 0.0);
  if (is_single_) {
    multiply_half_of_blocks(single_.data(), x, products);
    subtract_waiting(x, products);
  } else if (is_halved()) {
    multiply_half_of_blocks(values_.data(), x, products);
  } else {
    for (std::size_t j = 0; j < blocks_; ++j)
      add_rows(values_.data() + j * size_ * stride_, x.data(), size_, stride_,
               products.data() + j * stride_);
  }
}

// Each block left of the diagonal is read for two products: of its columns, which stand in for
// those of its mirror image, and of its rows.
template <class Real>
void ShrinkingMatrix::multiply_half_of_blocks(const Real* values, const AlignedVector& x,
                                              AlignedVector& products) {
  for (std::size_t j = 0; j < blocks_; ++j) {
    const std::size_t first = j * size_;
    double* product = products.data() + j * stride_;
    for (std::size_t p = 0; p < size_; p += kTogether) {
      const Real* rows = values + (first + p) * stride_;
      const std::size_t count = std::min(kTogether, size_ - p);
      add_rows(rows, x.data() + p, count, padded_columns(first + size_), product);
      for (std::size_t l = 0; l < j; ++l)
        multiply_rows(rows + l * size_, count, x, products.data() + l * stride_ + first + p);
    }
    std::fill(product + first + size_, product + stride_, 0.0);
  }
}

void ShrinkingMatrix::subtract_waiting(const AlignedVector& x, AlignedVector& products) {
  for (std::size_t first = 0; first < waiting_; first += kTogether) {
    const float* rows = waiting_rows_.data() + first * stride_;
    const std::size_t count = std::min(kTogether, waiting_ - first);
    for (std::size_t j = 0; j < blocks_; ++j) {
      double* along = along_.data() + j * kTogether;
      multiply_rows(rows + j * size_, count, x, along);
      for (std::size_t r = 0; r < count; ++r) along[r] = -along[r];
      along_blocks_[j] = along;
    }
    point_at(rows, count);
    kernels_.add_class_rows(pointers_.data(), along_blocks_.data(), blocks_, count, stride_,
                            products.data());
  }
}

void ShrinkingMatrix::add_rows(const float* rows, const double* factors, std::size_t count,
                               std::size_t width, double* sums) {
  point_at(rows, count);
  kernels_.add_rows(pointers_.data(), factors, count, width, sums);
}

void ShrinkingMatrix::add_rows(const double* rows, const double* factors, std::size_t count,
                               std::size_t width, double* sums) {
  turned_.assign(factors, factors + count);
  for (double& factor : turned_) factor = -factor;
  kernels_.subtract_product(sums, 1, width, stride_, turned_.data(), rows, count);
}

void ShrinkingMatrix::multiply_rows(const float* rows, std::size_t count, const AlignedVector& x,
                                    double* product) const {
  kernels_.multiply_widened_rows(rows, count, stride_, x.data(), padded_columns(size_), product);
}

void ShrinkingMatrix::multiply_rows(const double* rows, std::size_t count, const AlignedVector& x,
                                    double* product) const {
  kernels_.multiply_rows(rows, count, stride_, x.data(), padded_columns(size_), product);
}

void ShrinkingMatrix::point_at(const float* rows, std::size_t count) {
  for (std::size_t r = 0; r < count; ++r) pointers_[r] = rows + r * stride_;
}

void ShrinkingMatrix::subtract_last(const AlignedVector& vector, AlignedVector& product) const {
  if (is_single_) {
    kernels_.subtract_gram(waiting_rows_.data() + last_ * stride_, count_, stride_, vector.data(),
                           product.data());
    return;
  }
  for (std::size_t p = 0; p < count_; ++p) {
    const double* row = rows_.data() + p * stride_;
    kernels_.add_scaled(product.data(), stride_, row, -kernels_.dot(row, vector.data(), stride_));
  }
}

}  // namespace shapcpp
