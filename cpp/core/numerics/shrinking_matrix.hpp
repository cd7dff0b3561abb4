// A symmetric matrix of blocks that loses Gram matrices of a few rows at a time.
//
// In double precision it loses them at once, from some width on in half of it alone. A wide one
// would stream through the cache for a few operations a number: where the caller can afford what
// that loses, products read it in single precision, and the rows wait, in single precision too.
#pragma once

#include <cstddef>
#include <vector>

#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

class ShrinkingMatrix {
 public:
  // `kernels` must outlive the matrix.
  explicit ShrinkingMatrix(const kernels::Kernels& kernels) : kernels_(kernels) {}

  // Bytes that it allocates for this many blocks of this many columns.
  static double bytes(double size, double blocks);

  // Whether single precision pays for a matrix with this many columns.
  static bool is_wide(std::size_t columns) { return columns >= kWide; }

  // Forgets the matrix. It will have blocks of `size` columns, and lose at most a row for each at a
  // time.
  void resize(std::size_t size, std::size_t blocks);

  // Has `write` fill the matrix, zero so far, in rows of `stride` numbers, and returns what it
  // returns. No rows wait.
  template <class Write>
  auto write(const Write& write) {
    waiting_ = last_ = 0;
    is_single_ = false;
    // Blocks on the diagonal are read in rows of the stride, which end beyond the matrix.
    values_.assign(checked_product(columns_ + 1, stride_, "a matrix"), 0.0);
    const auto result = write(values_);
    note_diagonal();
    return result;
  }
  // As it was written, until rows are taken off.
  const AlignedVector& written() const { return values_; }
  // Of the matrix without the rows that wait.
  const AlignedVector& diagonal() const { return diagonal_; }

  // Copies the matrix in single precision. Returns a bound on the Frobenius norm of what that
  // loses, entry (j, l) times the root of scales[j] * scales[l].
  double narrow(const AlignedVector& scales);
  // Has products read the copy, and rows wait.
  void use_single() { is_single_ = true; }
  bool is_single() const { return is_single_; }
  std::size_t waiting() const { return waiting_; }
  // Whether no more rows can wait.
  bool is_full() const { return is_single_ && waiting_ + blocks_ > most_waiting_; }

  // Where the next `count` rows are to be written, zero so far.
  double* next_rows(std::size_t count);
  // Takes them off. Returns the Frobenius norm of what waiting in single precision loses of them,
  // column j times the root of scales[j].
  double take_off(const AlignedVector& scales);

  // The product with the matrix without the rows taken off.
  void multiply(const AlignedVector& vector, AlignedVector& product) const;
  // The same in single precision where the matrix is.
  void multiply_roughly(const AlignedVector& vector, AlignedVector& product);
  // The product of `count` blocks on the diagonal from `first` on, without the rows that wait.
  void multiply_settled(std::size_t first, std::size_t count, const AlignedVector& vector,
                        AlignedVector& product) const;
  // Row j of `products`, each of `stride` numbers, becomes the product with the vector that is x in
  // block j, zero else; x is padded to whole registers.
  void multiply_blocks(const AlignedVector& x, AlignedVector& products);
  // product -= what the last rows took off, times the vector.
  void subtract_last(const AlignedVector& vector, AlignedVector& product) const;

 private:
  static constexpr std::size_t kWide = 256;
  static std::size_t most_waiting(std::size_t size, std::size_t blocks);
  bool is_halved() const { return columns_ >= kernels::kHalfFrom; }
  // Up to where a row is read where the matrix is halved.
  std::size_t half_width(std::size_t row) const;
  void note_diagonal();
  // The product of what lies between these columns, without the rows that wait.
  void multiply_part(std::size_t first, std::size_t columns, const AlignedVector& vector,
                     AlignedVector& product) const;
  template <class Real>
  void multiply_half_of_blocks(const Real* values, const AlignedVector& x, AlignedVector& products);
  void subtract_waiting(const AlignedVector& x, AlignedVector& products);
  void add_rows(const float* rows, const double* factors, std::size_t count, std::size_t width,
                double* sums);
  void add_rows(const double* rows, const double* factors, std::size_t count, std::size_t width,
                double* sums);
  void multiply_rows(const float* rows, std::size_t count, const AlignedVector& x,
                     double* product) const;
  void multiply_rows(const double* rows, std::size_t count, const AlignedVector& x,
                     double* product) const;
  void point_at(const float* rows, std::size_t count);

  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  std::size_t blocks_ = 0;
  std::size_t columns_ = 0;
  std::size_t stride_ = 0;
  std::size_t most_waiting_ = 0;
  AlignedVector values_;  // beyond the half, where the matrix is halved, as it was written
  AlignedVector diagonal_;
  Aligned<float> single_;  // the half
  bool is_single_ = false;
  std::size_t count_ = 0;  // of the rows taken off last,
  AlignedVector rows_;     // these,
  AlignedVector factors_;  // and column by column
  Aligned<float> waiting_rows_;
  std::size_t waiting_ = 0;
  std::size_t last_ = 0;  // where the last rows are
  AlignedVector along_;   // products of the rows that wait with blocks
  std::vector<const double*> along_blocks_;
  std::vector<const float*> pointers_;
  std::vector<double> turned_;
  Aligned<float> rough_vector_;
  Aligned<float> rough_product_;
};

}  // namespace shapcpp
