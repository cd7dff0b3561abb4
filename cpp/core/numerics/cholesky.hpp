// The Cholesky factor of a positive definite matrix, by the vector loops.
#pragma once

#include <cstddef>

#include "core/numerics/row_matrix.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

class Cholesky {
 public:
  // `kernels` must outlive the factor.
  explicit Cholesky(const kernels::Kernels& kernels) : kernels_(kernels) {}

  // Factors the matrix whose lower triangle stands in `matrix`, row by row. False if a pivot is not
  // positive. Throws what the checkpoint throws.
  [[nodiscard]] bool factor(const RowMatrix& matrix, const Checkpoint& checkpoint);

  // With L the factor: the solution of L y = v, and of L L' x = v.
  Eigen::VectorXd solve_lower(const Eigen::VectorXd& v) const;
  Eigen::VectorXd solve(const Eigen::VectorXd& v) const;
  // L' v.
  Eigen::VectorXd turned_product(const Eigen::VectorXd& v) const;
  // The inverse of L.
  Eigen::MatrixXd inverse(const Checkpoint& checkpoint) const;

 private:
  bool factor_panel(std::size_t first, std::size_t width);
  void subtract_panel(std::size_t first, std::size_t width);
  const double* row(std::size_t i) const { return lower_.data() + i * stride_; }

  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  std::size_t stride_ = 0;
  AlignedVector lower_;    // zero beyond the diagonal, once it is a factor
  AlignedVector panel_;    // columns of a block, one below the other
  AlignedVector factors_;  // the same, row by row
};

}  // namespace shapcpp
