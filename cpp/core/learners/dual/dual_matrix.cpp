#include "core/learners/dual/dual_matrix.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// Rows to which what waits is added side by side.
constexpr std::size_t kBlock = 16;

void add_outer(const kernels::Kernels& kernels, TriangleOf<float>& matrix, std::size_t size,
               const Aligned<float>& vector, float factor) {
  kernels.add_outer_single_lower(matrix.values.data(), matrix.pitch, size, vector.data(), factor);
}

void add_outer(const kernels::Kernels& kernels, TriangleOf<double>& matrix, std::size_t size,
               const AlignedVector& vector, double factor) {
  kernels.add_outer_lower(matrix.values.data(), matrix.pitch, size, vector.data(), factor);
}

void subtract_product(const kernels::Kernels& kernels, TriangleOf<float>& matrix, std::size_t first,
                      std::size_t rows, const Aligned<float>& factors, const Aligned<float>& block,
                      std::size_t depth) {
  kernels.subtract_single_product(matrix.row(first), rows, padded_rows(first + rows), matrix.pitch,
                                  factors.data(), block.data(), depth);
}

void subtract_product(const kernels::Kernels& kernels, TriangleOf<double>& matrix,
                      std::size_t first, std::size_t rows, const AlignedVector& factors,
                      const AlignedVector& block, std::size_t depth) {
  kernels.subtract_product(matrix.row(first), rows, padded_columns(first + rows), matrix.pitch,
                           factors.data(), block.data(), depth);
}

void narrow(const kernels::Kernels& kernels, const AlignedVector& vector,
            const AlignedVector& scales, std::size_t size, Aligned<float>& scaled) {
  kernels.narrow(vector.data(), scales.data(), size, scaled.data());
}

void narrow(const kernels::Kernels&, const AlignedVector& vector, const AlignedVector& scales,
            std::size_t size, AlignedVector& scaled) {
  for (std::size_t i = 0; i < size; ++i) scaled[i] = vector[i] * scales[i];
  std::fill(scaled.begin() + static_cast<std::ptrdiff_t>(size),
            scaled.begin() + static_cast<std::ptrdiff_t>(padded_rows(size)), 0.0);
}

void widen(const kernels::Kernels& kernels, const Aligned<float>& product,
           const AlignedVector& scales, std::size_t size, AlignedVector& result) {
  kernels.widen(product.data(), scales.data(), size, result.data());
}

void widen(const kernels::Kernels&, const AlignedVector& product, const AlignedVector& scales,
           std::size_t size, AlignedVector& result) {
  for (std::size_t i = 0; i < size; ++i) result[i] = product[i] * scales[i];
}

void multiply_lower(const kernels::Kernels& kernels, const TriangleOf<float>& matrix,
                    std::size_t size, const Aligned<float>& vector, Aligned<float>& product) {
  kernels.multiply_single_lower(matrix.values.data(), matrix.pitch, size, vector.data(),
                                product.data());
}

void multiply_lower(const kernels::Kernels& kernels, const TriangleOf<double>& matrix,
                    std::size_t size, const AlignedVector& vector, AlignedVector& product) {
  kernels.multiply_lower(matrix.values.data(), matrix.pitch, size, vector.data(), product.data());
}

}  // namespace

template <class Real>
DualMatrix<Real>::DualMatrix(std::size_t capacity)
    : kernels_(kernels::kernels()),
      values_(capacity),
      diagonal_(values_.pitch),
      scaled_(values_.pitch),
      product_(values_.pitch) {}

template <class Real>
TriangleOf<Real>& DualMatrix<Real>::reset(std::size_t size) {
  size_ = size;
  factors_.clear();
  return values_;
}

template <class Real>
void DualMatrix<Real>::complete() {
  for (std::size_t i = 0; i < size_; ++i) diagonal_[i] = values_.row(i)[i];
}

template <class Real>
void DualMatrix<Real>::grow() {
  std::fill_n(values_.row(size_), values_.pitch, Real{0});
  diagonal_[size_] = 0;
  ++size_;
}

template <class Real>
void DualMatrix<Real>::add(const double* vector, double factor) {
  const std::size_t first = factors_.size() * values_.pitch;
  if (waiting_.size() < first + values_.pitch) waiting_.resize(first + values_.pitch);
  Real* own = waiting_.data() + first;
  for (std::size_t i = 0; i < size_; ++i) {
    own[i] = static_cast<Real>(vector[i]);
    diagonal_[i] += factor * vector[i] * vector[i];
  }
  std::fill(own + size_, own + values_.pitch, Real{0});
  factors_.push_back(static_cast<Real>(factor));
}

template <class Real>
void DualMatrix<Real>::take_column(std::size_t i, double* column) const {
  std::copy_n(values_.row(i), i, column);
  for (std::size_t j = i; j < size_; ++j) column[j] = values_.row(j)[i];
  for (std::size_t p = 0; p < factors_.size(); ++p) {
    const Real* vector = waiting_.data() + p * values_.pitch;
    const Real factor = factors_[p] * vector[i];
    for (std::size_t j = 0; j < size_; ++j) column[j] += factor * vector[j];
  }
}

template <class Real>
void DualMatrix<Real>::settle() {
  if (factors_.size() == 1)
    add_outer(kernels_, values_, size_, waiting_, factors_.front());
  else if (!factors_.empty())
    for (std::size_t first = 0; first < size_; first += kBlock)
      add_waiting(first, std::min(kBlock, size_ - first));
  factors_.clear();
}

template <class Real>
void DualMatrix<Real>::add_waiting(std::size_t first, std::size_t rows) {
  const std::size_t depth = factors_.size();
  block_.resize(kBlock * depth);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t p = 0; p < depth; ++p)
      block_[i * depth + p] = -factors_[p] * waiting_[p * values_.pitch + first + i];
  subtract_product(kernels_, values_, first, rows, block_, waiting_, depth);
  for (std::size_t i = first; i < first + rows; ++i)
    std::fill(values_.row(i) + i + 1, values_.row(i) + padded_rows(first + rows), Real{0});
}

template <class Real>
void DualMatrix<Real>::multiply(const AlignedVector& vector, const AlignedVector& scales,
                                AlignedVector& product) {
  settle();
  narrow(kernels_, vector, scales, size_, scaled_);
  multiply_lower(kernels_, values_, size_, scaled_, product_);
  widen(kernels_, product_, scales, size_, product);
}

template class DualMatrix<float>;
template class DualMatrix<double>;

}  // namespace shapcpp
