#include "core/numerics/updated_matrix.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// This many updates that wait make each product a quarter dearer.
std::size_t most_waiting(std::size_t columns) {
  constexpr std::size_t kShare = 16, kMost = 32;
  return std::min(columns / kShare, kMost);
}

}  // namespace

UpdatedMatrix::UpdatedMatrix(std::size_t columns, const kernels::Kernels& kernels)
    : kernels_(kernels),
      columns_(columns),
      stride_(padded_columns(columns)),
      most_waiting_(most_waiting(columns)),
      values_(checked_product(columns, stride_, "a matrix")),
      diagonal_(stride_) {
  if (!waits(columns)) return;
  vectors_.resize(most_waiting_ * stride_);
  factors_.resize(most_waiting_);
  scaled_.resize(columns * most_waiting_);
}

double UpdatedMatrix::bytes(double columns) {
  const double waiting =
      columns < kernels::kHalfFrom
          ? 0
          : 2 * static_cast<double>(most_waiting(static_cast<std::size_t>(columns)));
  return sizeof(double) * columns * (columns + 1 + waiting);
}

void UpdatedMatrix::add_outer(const AlignedVector& vector, double factor, double loss) {
  kernels_.add_scaled_squares(diagonal_.data(), stride_, vector.data(), factor);
  if (!waits(columns_)) {
    kernels_.add_outer(values_.data(), columns_, stride_, vector.data(), factor);
    return;
  }
  std::copy(vector.begin(), vector.end(),
            vectors_.begin() + static_cast<std::ptrdiff_t>(waiting_ * stride_));
  factors_[waiting_++] = factor;
  loss_ *= loss;
  // Lemma 12.
  const auto most_loss = static_cast<double>(columns_) * static_cast<double>(columns_) / 4;
  if (waiting_ == most_waiting_ || !(loss_ < most_loss)) settle();
}

void UpdatedMatrix::multiply(const AlignedVector& vector, AlignedVector& product) const {
  kernels_.multiply(values_.data(), columns_, stride_, vector.data(), product.data());
  for (std::size_t p = 0; p < waiting_; ++p) {
    const double* update = vectors_.data() + p * stride_;
    const double along = kernels_.dot(update, vector.data(), stride_);
    kernels_.add_scaled(product.data(), stride_, update, factors_[p] * along);
  }
}

void UpdatedMatrix::settle() {
  for (std::size_t j = 0; j < columns_; ++j)
    for (std::size_t p = 0; p < waiting_; ++p)
      scaled_[j * waiting_ + p] = -factors_[p] * vectors_[p * stride_ + j];
  constexpr std::size_t kTogether = kernels::kStrideMultiple;
  for (std::size_t first = 0; first < columns_; first += kTogether)
    kernels_.subtract_product(values_.data() + first * stride_,
                              std::min(kTogether, columns_ - first), first + kTogether, stride_,
                              scaled_.data() + first * waiting_, vectors_.data(), waiting_);
  waiting_ = 0;
  loss_ = 1;
}

}  // namespace shapcpp
