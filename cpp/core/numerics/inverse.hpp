// The inverse of a positive definite matrix, in place.
#pragma once

#include <cstddef>

#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

class Inverter {
 public:
  // For matrices of `columns` rows of `stride` numbers.
  Inverter(std::size_t columns, std::size_t stride);

  // Throws what the checkpoint throws. False, and nothing useful in `matrix`, if a pivot is not
  // positive.
  [[nodiscard]] bool invert(AlignedVector& matrix, const Checkpoint& checkpoint);

 private:
  bool invert_by_blocks(AlignedVector& matrix, const Checkpoint& checkpoint);
  bool is_well_conditioned(const AlignedVector& inverse) const;
  bool eliminate(double* matrix, std::size_t first, std::size_t size);
  void take_columns(const double* matrix, std::size_t first, std::size_t size);
  void put_columns(double* matrix, std::size_t first, std::size_t size) const;

  const std::size_t columns_;
  const std::size_t stride_;
  const kernels::Kernels& kernels_;
  AlignedVector scratch_;
  AlignedVector original_;
  AlignedVector pivots_;    // a block of the diagonal and its inverse
  AlignedVector factors_;   // the columns of the block, and then their products with it
  AlignedVector products_;  // those products, rows padded
  AlignedVector rows_;      // the columns of the block, as rows
};

}  // namespace shapcpp
