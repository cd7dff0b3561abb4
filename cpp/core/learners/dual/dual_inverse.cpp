#include "core/learners/dual/dual_inverse.hpp"

#include <algorithm>
#include <cmath>

#include "core/numerics/inverse.hpp"

namespace shapcpp {

DualInverse::DualInverse(std::size_t capacity, AlignedVector& room)
    : kernels_(kernels::kernels()),
      values_(capacity),
      inverse_curvatures_(values_.pitch),
      ones_(values_.pitch),
      product_(values_.pitch),
      room_(room) {}

void DualInverse::clear() {
  std::fill_n(inverse_curvatures_.begin(), padded_rows(size_), 0.0);
  std::fill_n(ones_.begin(), padded_rows(size_), 0.0);
  size_ = 0;
}

// With R the roots of the curvatures, S = R (1 + R G R)^-1 R, which also serves curvatures near 0.
bool DualInverse::build(const Triangle& products, const AlignedVector& curvatures, std::size_t size,
                        const Checkpoint& checkpoint) {
  const std::size_t stride = padded_columns(size);
  room_.assign(size * stride, 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    inverse_curvatures_[i] = 1 / curvatures[i];
    ones_[i] = std::sqrt(curvatures[i]);
    for (std::size_t j = 0; j <= i; ++j)
      room_[i * stride + j] = room_[j * stride + i] =
          ones_[i] * ones_[j] * products.row(i)[j] + (i == j ? 1.0 : 0.0);
  }
  size_ = 0;
  if (!Inverter(size, stride).invert(room_, checkpoint)) return false;
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      values_.row(i)[j] = ones_[i] * ones_[j] * room_[i * stride + j];
  size_ = size;
  sum_rows();
  return sum_ > 0;
}

void DualInverse::sum_rows() {
  AlignedVector one(values_.pitch);
  std::fill_n(one.begin(), size_, 1.0);
  kernels_.multiply_lower(values_.values.data(), values_.pitch, size_, one.data(), ones_.data());
  sum_ = 0;
  for (std::size_t i = 0; i < size_; ++i) sum_ += ones_[i];
}

DualInverse::Joining DualInverse::expect(const AlignedVector& products, double own) {
  multiply(products, product_);
  Joining joining{own, 1, 0};
  for (std::size_t i = 0; i < size_; ++i) {
    joining.rest -= products[i] * product_[i];
    joining.one -= product_[i];
  }
  joining.rest = std::max(joining.rest, 0.0);
  joining.square = joining.rest + joining.one * joining.one / sum_;
  return joining;
}

// The inverse of a matrix with one more row: v, -1 is the null vector of the others, and its
// square is added.
void DualInverse::join(const Joining& joining, double curvature) {
  const double factor = curvature / (1 + curvature * joining.rest);
  product_[size_] = -1;
  for (std::size_t i = 0; i < size_; ++i) ones_[i] -= factor * joining.one * product_[i];
  ones_[size_] = factor * joining.one;
  sum_ += factor * joining.one * joining.one;
  inverse_curvatures_[size_] = 1 / curvature;
  std::fill_n(values_.row(size_), size_ + 1, 0.0);
  ++size_;
  kernels_.add_outer_lower(values_.values.data(), values_.pitch, size_, product_.data(), factor);
}

void DualInverse::multiply(const AlignedVector& vector, AlignedVector& product) const {
  kernels_.multiply_lower(values_.values.data(), values_.pitch, size_, vector.data(),
                          product.data());
}

}  // namespace shapcpp
