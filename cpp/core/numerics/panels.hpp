// A matrix as the right factor of products, laid out for the vector loops.
#pragma once

#include "core/numerics/row_matrix.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp {

// Strips of columns, each row by row. What a product reads of a strip at a time stays in the
// first-level cache, which rows of a whole matrix would not: their strips share few of its sets.
class Panels {
 public:
  using Matrix = Eigen::Ref<const RowMatrix, 0, Eigen::OuterStride<>>;

  Panels() = default;
  explicit Panels(const Matrix& matrix);

  Eigen::Index rows() const { return rows_; }
  Eigen::Index columns() const { return columns_; }
  // left * matrix, in columns from `first` on, a multiple of kWidth.
  RowMatrix product(const Matrix& left, Eigen::Index first = 0) const;

  static constexpr Eigen::Index kWidth = 32;

 private:
  Eigen::Index rows_ = 0;
  Eigen::Index columns_ = 0;
  AlignedVector values_;  // the last panel filled up with zeros
};

}  // namespace shapcpp
