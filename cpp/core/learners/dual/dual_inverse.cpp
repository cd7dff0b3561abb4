#include "core/learners/dual/dual_inverse.hpp"

#include <algorithm>
#include <cmath>

#include "core/numerics/block_elimination.hpp"
#include "core/numerics/inverse.hpp"

namespace shapcpp {
namespace {

// The largest relative error of an inverse that is built in single precision. Steps leave a tenth
// of the error anyway.
constexpr double kMostError = 1e-3;

}  // namespace

DualInverse::DualInverse(std::size_t capacity, bool in_single, Room& room)
    : kernels_(kernels::kernels()), matrix_(std::in_place_type<DualMatrix<float>>, 0), room_(room) {
  if (in_single)
    matrix_.emplace<DualMatrix<float>>(capacity);
  else
    matrix_.emplace<DualMatrix<double>>(capacity);
  const std::size_t pitch = std::visit([](const auto& matrix) { return matrix.pitch(); }, matrix_);
  for (AlignedVector* vector : {&roots_, &inverse_curvatures_, &ones_, &product_, &scratch_})
    vector->resize(pitch);
}

void DualInverse::clear() {
  for (AlignedVector* vector : {&roots_, &inverse_curvatures_, &ones_})
    std::fill_n(vector->begin(), padded_rows(size_), 0.0);
  size_ = 0;
  std::visit([](auto& matrix) { matrix.clear(); }, matrix_);
}

bool DualInverse::build(const Triangle& products, const AlignedVector& curvatures, std::size_t size,
                        const Checkpoint& checkpoint) {
  for (std::size_t i = 0; i < size; ++i) {
    inverse_curvatures_[i] = 1 / curvatures[i];
    roots_[i] = std::sqrt(curvatures[i]);
  }
  size_ = size;
  if (std::visit([&](auto& matrix) { return invert(matrix, products, checkpoint); }, matrix_) &&
      sum_ > 0)
    return true;
  size_ = 0;
  return false;
}

// By blocks, which loses too many digits where the condition number is large: the inverse is
// checked by its product with the ones.
bool DualInverse::invert(DualMatrix<float>& matrix, const Triangle& products,
                         const Checkpoint& checkpoint) {
  const std::size_t stride = padded_rows(size_);
  Aligned<float>& lower = room_.in_single;
  lower.resize(size_ * stride);
  for (std::size_t i = 0; i < size_; ++i) {
    products.read_row(i, scratch_.data());
    for (std::size_t j = 0; j <= i; ++j)
      lower[i * stride + j] =
          static_cast<float>(roots_[i] * roots_[j] * scratch_[j] + (i == j ? 1.0 : 0.0));
  }
  if (BlockElimination<float>(size_, stride).invert(lower.data(), checkpoint)) {
    take(matrix, lower.data(), stride);
    if (is_inverse(products)) return true;
  }
  return invert_in_double(matrix, products, checkpoint);
}

bool DualInverse::invert(DualMatrix<double>& matrix, const Triangle& products,
                         const Checkpoint& checkpoint) {
  return invert_in_double(matrix, products, checkpoint);
}

template <class Real>
bool DualInverse::invert_in_double(DualMatrix<Real>& matrix, const Triangle& products,
                                   const Checkpoint& checkpoint) {
  const std::size_t stride = padded_columns(size_);
  AlignedVector& full = room_.in_double;
  full.assign(size_ * stride, 0.0);
  for (std::size_t i = 0; i < size_; ++i) {
    products.read_row(i, scratch_.data());
    for (std::size_t j = 0; j <= i; ++j)
      full[i * stride + j] = full[j * stride + i] =
          roots_[i] * roots_[j] * scratch_[j] + (i == j ? 1.0 : 0.0);
  }
  if (!Inverter(size_, stride).invert(full, checkpoint)) return false;
  take(matrix, full.data(), stride);
  return true;
}

// The lower triangle of a matrix with rows of `stride` numbers.
template <class Real, class Number>
void DualInverse::take(DualMatrix<Real>& matrix, const Number* lower, std::size_t stride) {
  matrix.clear();
  for (std::size_t i = 0; i < size_; ++i) matrix.append(lower + i * stride);
  sum_rows();
}

void DualInverse::sum_rows() {
  std::fill_n(product_.begin(), size_, 1.0);
  multiply(product_, ones_);
  sum_ = 0;
  for (std::size_t i = 0; i < size_; ++i) sum_ += ones_[i];
}

// Whether S^-1 S 1 is 1, as far as steps need it.
bool DualInverse::is_inverse(const Triangle& products) {
  kernels_.multiply_blocks(products.data(), size_, ones_.data(), product_.data());
  double error = 0;
  double all = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const double left = roots_[i] * (product_[i] + inverse_curvatures_[i] * ones_[i] - 1);
    error += left * left;
    all += roots_[i] * roots_[i];
  }
  return error < kMostError * kMostError * all;
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
  const double length = std::sqrt(factor);
  product_[size_] = -1;
  for (std::size_t i = 0; i < size_; ++i) ones_[i] -= factor * joining.one * product_[i];
  ones_[size_] = factor * joining.one;
  sum_ += factor * joining.one * joining.one;
  inverse_curvatures_[size_] = 1 / curvature;
  roots_[size_] = std::sqrt(curvature);
  std::fill_n(scratch_.begin(), size_ + 1, 0.0);
  std::visit([&](auto& matrix) { matrix.append(scratch_.data()); }, matrix_);
  for (std::size_t i = 0; i < size_; ++i) scratch_[i] = length * (product_[i] / roots_[i]);
  scratch_[size_] = -1 / std::sqrt(1 + curvature * joining.rest);
  std::visit([&](auto& matrix) { matrix.add(scratch_.data(), 1); }, matrix_);
  ++size_;
}

void DualInverse::multiply(const AlignedVector& vector, AlignedVector& product) {
  std::visit([&](auto& matrix) { matrix.multiply(vector, roots_, product); }, matrix_);
}

}  // namespace shapcpp
