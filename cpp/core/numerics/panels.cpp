#include "core/numerics/panels.hpp"

#include <algorithm>

#include "kernels/kernels.hpp"

namespace shapcpp {

using Eigen::Index;

namespace {

// Rows of a panel that are multiplied at a time: 16 KiB.
constexpr Index kDepth = 64;

Index panels_of(Index columns) {
  return (columns + Panels::kWidth - 1) / Panels::kWidth;
}

}  // namespace

Panels::Panels(const Matrix& matrix)
    : rows_(matrix.rows()),
      columns_(matrix.cols()),
      values_(checked_product(static_cast<std::size_t>(panels_of(columns_) * kWidth),
                              static_cast<std::size_t>(rows_), "a matrix")) {
  double* target = values_.data();
  for (Index first = 0; first < columns_; first += kWidth)
    for (Index row = 0; row < rows_; ++row, target += kWidth)
      Eigen::Map<Eigen::RowVectorXd>(target, std::min(kWidth, columns_ - first)) =
          matrix.row(row).segment(first, std::min(kWidth, columns_ - first));
}

RowMatrix Panels::product(const Matrix& left, Index first) const {
  const Index height = left.rows();
  const auto count = static_cast<std::size_t>(height);
  constexpr auto kStride = static_cast<std::size_t>(kWidth);
  RowMatrix sums = RowMatrix::Zero(panels_of(columns_ - first) * height, kWidth);
  RowMatrix factors;
  for (Index row = 0; row < rows_; row += kDepth) {
    factors = -left.middleCols(row, std::min(kDepth, rows_ - row));
    double* target = sums.data();
    for (Index column = first; column < columns_; column += kWidth, target += height * kWidth)
      kernels::kernels().subtract_product(target, count, kStride, kStride, factors.data(),
                                          values_.data() + column * rows_ + row * kWidth,
                                          static_cast<std::size_t>(factors.cols()));
  }
  RowMatrix result(height, columns_ - first);
  for (Index column = 0; column < result.cols(); column += kWidth) {
    const Index width = std::min(kWidth, result.cols() - column);
    result.middleCols(column, width) = sums.block(column / kWidth * height, 0, height, width);
  }
  return result;
}

}  // namespace shapcpp
