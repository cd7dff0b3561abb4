// A symmetric matrix, in single or double precision, that grows row by row and to which outer
// products are added. These wait, and are added in one pass over the matrix.
#pragma once

#include <cstddef>

#include "core/learners/dual/triangle.hpp"
#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

template <class Real>
class DualMatrix {
 public:
  explicit DualMatrix(std::size_t capacity);

  std::size_t pitch() const { return values_.pitch; }
  // Forgets all rows.
  void clear();
  // One more row, up to the diagonal.
  template <class Number>
  void append(const Number* row) {
    values_.write_row(size_, row);
    diagonal_[size_] = row[size_];
    ++size_;
  }
  // matrix += factor * vector * vector'
  void add(const double* vector, double factor);
  double on_diagonal(std::size_t i) const { return diagonal_[i]; }
  void take_column(std::size_t i, double* column) const;
  // The product of the vector with the matrix, whose rows and columns are multiplied by the scales.
  void multiply(const AlignedVector& vector, const AlignedVector& scales, AlignedVector& product);

 private:
  void settle();

  const kernels::Kernels& kernels_;
  TriangleOf<Real> values_;
  std::size_t size_ = 0;
  AlignedVector diagonal_;  // of all, what waits included
  Aligned<Real> waiting_;   // vectors, each padded to the pitch,
  Aligned<Real> factors_;   // and what each is multiplied by
  Aligned<Real> scaled_, product_;
};

extern template class DualMatrix<float>;
extern template class DualMatrix<double>;

}  // namespace shapcpp
