#include "core/learners/dual/dual_matrix.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

void add_products(const kernels::Kernels& kernels, TriangleOf<float>& matrix, std::size_t size,
                  const Aligned<float>& vectors, const Aligned<float>& factors) {
  kernels.add_to_single_blocks(matrix.data(), size, vectors.data(), matrix.pitch, factors.data(),
                               factors.size());
}

void add_products(const kernels::Kernels& kernels, TriangleOf<double>& matrix, std::size_t size,
                  const AlignedVector& vectors, const AlignedVector& factors) {
  kernels.add_to_blocks(matrix.data(), size, vectors.data(), matrix.pitch, factors.data(),
                        factors.size());
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

void multiply_by(const kernels::Kernels& kernels, const TriangleOf<float>& matrix, std::size_t size,
                 const Aligned<float>& vector, Aligned<float>& product) {
  kernels.multiply_single_blocks(matrix.data(), size, vector.data(), product.data());
}

void multiply_by(const kernels::Kernels& kernels, const TriangleOf<double>& matrix,
                 std::size_t size, const AlignedVector& vector, AlignedVector& product) {
  kernels.multiply_blocks(matrix.data(), size, vector.data(), product.data());
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
void DualMatrix<Real>::clear() {
  size_ = 0;
  factors_.clear();
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
  values_.read_column(i, size_, column);
  for (std::size_t p = 0; p < factors_.size(); ++p) {
    const Real* vector = waiting_.data() + p * values_.pitch;
    const Real factor = factors_[p] * vector[i];
    for (std::size_t j = 0; j < size_; ++j) column[j] += factor * vector[j];
  }
}

template <class Real>
void DualMatrix<Real>::settle() {
  if (!factors_.empty()) add_products(kernels_, values_, size_, waiting_, factors_);
  factors_.clear();
}

template <class Real>
void DualMatrix<Real>::multiply(const AlignedVector& vector, const AlignedVector& scales,
                                AlignedVector& product) {
  settle();
  narrow(kernels_, vector, scales, size_, scaled_);
  multiply_by(kernels_, values_, size_, scaled_, product_);
  widen(kernels_, product_, scales, size_, product);
}

template class DualMatrix<float>;
template class DualMatrix<double>;

}  // namespace shapcpp
