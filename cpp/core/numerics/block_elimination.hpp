// Inverts positive definite matrices by blocks, in double or single precision.
#pragma once

#include <cstddef>

#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Fast where the matrix is larger than the nearest cache. Its error grows with the square of the
// condition number: whoever uses the inverse checks it.
template <class Real>
class BlockElimination {
 public:
  // For matrices of `columns` rows of `stride` numbers, a multiple of kStrideMultiple in double and
  // of kRowMultiple in single precision.
  BlockElimination(std::size_t columns, std::size_t stride);

  // Replaces the lower triangle by that of the inverse; what lies above it is lost. Throws what the
  // checkpoint throws. False if a pivot is not positive.
  [[nodiscard]] bool invert(Real* matrix, const Checkpoint& checkpoint);

 private:
  bool eliminate(Real* matrix, std::size_t first, std::size_t size);
  void multiply_by_pivots(std::size_t size);
  void take_columns(const Real* matrix, std::size_t first, std::size_t size);
  void put_columns(Real* matrix, std::size_t first, std::size_t size) const;

  const std::size_t columns_;
  const std::size_t stride_;
  const kernels::Kernels& kernels_;
  AlignedVector scratch_;
  AlignedVector pivots_;    // a block of the diagonal and its inverse
  Aligned<Real> inverse_;   // the latter again
  Aligned<Real> factors_;   // the columns of the block, and then their products with it
  Aligned<Real> products_;  // those products, rows padded
  Aligned<Real> rows_;      // the columns of the block, as rows
};

}  // namespace shapcpp
