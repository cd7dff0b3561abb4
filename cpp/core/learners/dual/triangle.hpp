// A symmetric matrix that grows row by row: its lower triangle in square blocks, one after another
// in the order in which a product reads them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

template <class Real>
class TriangleOf {
 public:
  explicit TriangleOf(std::size_t capacity)
      : pitch(padded_rows(capacity) + kernels::kRowMultiple),
        blocks_(
            checked_product(blocks_before((capacity + kSide - 1) / kSide), kArea, "a triangle")) {}

  Real* data() { return blocks_.data(); }
  const Real* data() const { return blocks_.data(); }
  Real& at(std::size_t i, std::size_t j) { return blocks_[place(i, j)]; }
  Real at(std::size_t i, std::size_t j) const { return blocks_[place(i, j)]; }

  // Row i, its numbers up to the diagonal; rows are written in their order.
  template <class Number>
  void write_row(std::size_t i, const Number* row) {
    if (i % kSide == 0) std::fill_n(blocks_.data() + place(i, 0), (i / kSide + 1) * kArea, Real{0});
    for (std::size_t j = 0; j <= i; j += kSide)
      std::transform(row + j, row + std::min(j + kSide, i + 1), blocks_.data() + place(i, j),
                     [](Number number) { return static_cast<Real>(number); });
  }
  template <class Number>
  void read_row(std::size_t i, Number* row) const {
    for (std::size_t j = 0; j <= i; j += kSide)
      std::copy_n(blocks_.data() + place(i, j), std::min(kSide, i + 1 - j), row + j);
  }
  // Column i of the first `size` rows, the row that mirrors it included.
  template <class Number>
  void read_column(std::size_t i, std::size_t size, Number* column) const {
    read_row(i, column);
    for (std::size_t j = i + 1; j < size; ++j) column[j] = at(j, i);
  }

  // Numbers of a vector that such a matrix is multiplied by.
  const std::size_t pitch;

 private:
  static constexpr std::size_t kSide = kernels::kBlockSide<Real>;
  static constexpr std::size_t kArea = kSide * kSide;

  static std::size_t blocks_before(std::size_t panel) { return panel * (panel + 1) / 2; }
  static std::size_t place(std::size_t i, std::size_t j) {
    return (blocks_before(i / kSide) + j / kSide) * kArea + i % kSide * kSide + j % kSide;
  }

  Aligned<Real> blocks_;
};

using Triangle = TriangleOf<double>;

}  // namespace shapcpp
