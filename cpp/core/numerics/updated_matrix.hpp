// A symmetric matrix to which products of vectors with themselves are added, one by one.
//
// Small matrices take them at once. An update of a wide one would stream it through the cache for
// a few operations a number; so updates wait, and are added many at a time, to the half of it that
// products read.
#pragma once

#include <cstddef>

#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

class UpdatedMatrix {
 public:
  // `kernels` must outlive the matrix.
  UpdatedMatrix(std::size_t columns, const kernels::Kernels& kernels);

  // Bytes that it allocates.
  static double bytes(double columns);

  // Whether updates of a matrix with this many columns wait.
  static bool waits(std::size_t columns) { return columns >= kernels::kHalfFrom; }

  // The matrix without the updates that wait, in rows of `stride` numbers; where updates wait, only
  // what `multiply_half` reads of it.
  const AlignedVector& settled() const { return values_; }
  std::size_t waiting() const { return waiting_; }
  // The diagonal, with all updates.
  const AlignedVector& diagonal() const { return diagonal_; }

  // Has `build` write the matrix anew, in rows of `stride` numbers, and returns what it returns.
  template <class Build>
  auto build(const Build& build) {
    waiting_ = 0;
    loss_ = 1;
    const auto result = build(values_);
    for (std::size_t j = 0; j < columns_; ++j) diagonal_[j] = values_[j * (stride_ + 1)];
    return result;
  }
  // matrix += factor * vector * vector', which shrinks it by a factor of up to `loss`: products
  // cancel that much while the update waits, so that updates wait together only up to a limit.
  void add_outer(const AlignedVector& vector, double factor, double loss = 1);
  // The product with all updates.
  void multiply(const AlignedVector& vector, AlignedVector& product) const;

 private:
  void settle();

  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const std::size_t most_waiting_;
  AlignedVector values_;
  AlignedVector diagonal_;
  std::size_t waiting_ = 0;
  double loss_ = 1;        // the product of those of the updates that wait
  AlignedVector vectors_;  // of the updates that wait, row by row
  AlignedVector factors_;
  AlignedVector scaled_;  // scratch for adding them
};

}  // namespace shapcpp
