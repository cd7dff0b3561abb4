// The inverse of a positive definite matrix, in place.
#pragma once

#include <cstddef>
#include <optional>

#include "core/numerics/block_elimination.hpp"
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
  bool is_well_conditioned(const AlignedVector& inverse) const;
  void mirror(AlignedVector& matrix) const;

  const std::size_t columns_;
  const std::size_t stride_;
  const kernels::Kernels& kernels_;
  std::optional<BlockElimination<double>> by_blocks_;
  AlignedVector scratch_;
  AlignedVector original_;
};

}  // namespace shapcpp
