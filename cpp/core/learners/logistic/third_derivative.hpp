// The third derivative of the objective at a point: sum over members of a s'' x (x) x (x) x.
#pragma once

#include <cstddef>

#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

// d^3 / 2 numbers, in rows (j, l), l <= j, of all columns m.
class ThirdDerivative {
 public:
  explicit ThirdDerivative(std::size_t columns);

  void clear();
  // One tile of members and their second derivatives of the residual.
  void add(const float* tile, const float* weights, std::size_t rows);
  // Called after the last tile.
  void complete();
  void absorb(const AlignedVector& sample, double weight);

  // product[m] = sum over j, l of (j, l, m) * a[j] * b[l]
  void contract(const AlignedVector& a, const AlignedVector& b, AlignedVector& product) const;

 private:
  const std::size_t columns_;
  const std::size_t stride_;
  const kernels::Kernels& kernels_;
  AlignedVector values_;
  AlignedVector block_;
  Aligned<float> scratch_;
};

}  // namespace shapcpp
