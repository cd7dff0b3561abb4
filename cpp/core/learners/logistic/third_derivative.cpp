#include "core/learners/logistic/third_derivative.hpp"

#include <algorithm>

namespace shapcpp {

ThirdDerivative::ThirdDerivative(std::size_t columns)
    : columns_(columns), stride_(padded_columns(columns)), kernels_(kernels::kernels()) {}

void ThirdDerivative::clear() {
  if (values_.empty()) {
    const std::size_t rows = checked_product(columns_, columns_ + 1, "a third derivative") / 2;
    values_.resize(checked_product(rows, stride_, "a third derivative"));
    block_.resize(columns_ * columns_);
    scratch_.resize(5 * kernels::kTileStride);
  }
  std::fill(values_.begin(), values_.end(), 0.0);
}

void ThirdDerivative::add(const float* tile, const float* weights, std::size_t rows) {
  kernels_.add_third(tile, columns_, weights, rows, values_.data(), stride_, block_.data(),
                     scratch_.data());
}

void ThirdDerivative::complete() {
  const auto at = [this](std::size_t j, std::size_t l, std::size_t m) -> double& {
    return values_[(j * (j + 1) / 2 + l) * stride_ + m];
  };
  for (std::size_t j = 0; j < columns_; ++j)
    for (std::size_t l = 0; l <= j; ++l)
      for (std::size_t m = l + 1; m < columns_; ++m)
        at(j, l, m) = m <= j ? at(j, m, l) : at(m, j, l);
}

void ThirdDerivative::absorb(const AlignedVector& sample, double weight) {
  kernels_.add_cube(values_.data(), columns_, stride_, sample.data(), weight);
}

void ThirdDerivative::contract(const AlignedVector& a, const AlignedVector& b,
                               AlignedVector& product) const {
  kernels_.contract(values_.data(), columns_, stride_, a.data(), b.data(), product.data());
}

}  // namespace shapcpp
