// The vector loops of the engine, compiled once per instruction set and chosen at start-up.
#pragma once

#include <cstddef>

#include "kernels/sample_kernels.hpp"

namespace shapcpp::kernels {

struct Squares {
  double plain = 0;
  double weighted = 0;
};

// From this many columns on `multiply` of MatrixLoops reads half of a matrix, as `multiply_half`.
inline constexpr std::size_t kHalfFrom = 64;

// Small vectors and matrices, rows of `stride` numbers, a multiple of kStrideMultiple; what lies
// beyond `columns` in a vector is zero. Matrices are symmetric.
struct MatrixLoops {
  double (*dot)(const double* a, const double* b, std::size_t stride);
  // The sum of the absolute products.
  double (*absolute_dot)(const double* a, const double* b, std::size_t stride);
  // The sums of squares[j] = a[j]^2 and of weights[j] * squares[j].
  Squares (*squares)(const double* a, const double* weights, std::size_t stride);
  void (*add_scaled)(double* target, std::size_t stride, const double* vector, double factor);
  void (*multiply)(const double* matrix, std::size_t columns, std::size_t stride,
                   const double* vector, double* product);
  // The same, reading nothing right of the diagonal but blocks of a register on it.
  void (*multiply_half)(const double* matrix, std::size_t columns, std::size_t stride,
                        const double* vector, double* product);
  // product[i] = sum over j < width of rows[i * stride + j] * vector[j], for `count` rows and a
  // width that is a multiple of kStrideMultiple.
  void (*multiply_rows)(const double* rows, std::size_t count, std::size_t stride,
                        const double* vector, std::size_t width, double* product);
  // matrix += factor * vector * vector'
  void (*add_outer)(double* matrix, std::size_t columns, std::size_t stride, const double* vector,
                    double factor);

  // The largest sum of absolute numbers in a row.
  double (*largest_row_sum)(const double* matrix, std::size_t columns, std::size_t stride);
  // In place, the inverse of a positive definite matrix; false if a pivot is not positive.
  // `scratch` holds `columns` numbers.
  bool (*invert)(double* matrix, std::size_t columns, std::size_t stride, double* scratch);

  // target[i * stride + j] -= sum over p of factors[i * depth + p] * block[p * stride + j], for
  // `rows` rows and the first `width` columns, a multiple of kStrideMultiple.
  void (*subtract_product)(double* target, std::size_t rows, std::size_t width, std::size_t stride,
                           const double* factors, const double* block, std::size_t depth);
  // The same in single precision, for a width that is a multiple of kRowMultiple.
  void (*subtract_single_product)(float* target, std::size_t rows, std::size_t width,
                                  std::size_t stride, const float* factors, const float* block,
                                  std::size_t depth);

  // Full rows (j, l), l <= j, of a symmetric cubic form: += factor * vector (x) vector (x) vector
  void (*add_cube)(double* third, std::size_t columns, std::size_t stride, const double* vector,
                   double factor);
  // product[m] = sum over j, l of third(j, l, m) * a[j] * b[l]
  void (*contract)(const double* third, std::size_t columns, std::size_t stride, const double* a,
                   const double* b, double* product);
};

struct Sums {
  double plain = 0;
  double weighted = 0;
};

// Of a vector that was extended: the sum of its squares, and its product with another one.
struct Extended {
  double square = 0;
  double product = 0;
};

// Of a step: its product with minus the gradient, and its squares.
struct StepSizes {
  double fall = 0;
  Squares squares;
};

// Of an anchor: the squares of its displacement, and the sum of those of the linear part there.
struct AnchorSizes {
  Squares displacement;
  double linear = 0;
};

// The small vectors of a path, as of MatrixLoops.
struct PathLoops {
  // products[i] = sum over j of vector[j] * others[i][j], of four others
  void (*four_dots)(const double* vector, const double* const* others, std::size_t stride,
                    double* products);
  // The sums of values[j] and of weights[j] * values[j].
  Sums (*sums)(const double* values, const double* weights, std::size_t stride);
  // target[j] += factor * vector[j]^2
  void (*add_scaled_squares)(double* target, std::size_t stride, const double* vector,
                             double factor);
  // target += factor * vector. Returns the target's own sum of squares and its product with
  // `other`.
  Extended (*extend)(double* target, std::size_t stride, const double* vector, double factor,
                     const double* other);
  // Changes the sign of the solution in `step`, and writes minus the gradient, which it was solved
  // for, to `curved`.
  StepSizes (*take_step)(double* step, double* curved, std::size_t stride, const double* gradient,
                         const double* weights);
  // displacement += step, linear += curved, gradient = linear; step and curved become zero.
  AnchorSizes (*move_anchor)(double* displacement, double* step, double* linear, double* curved,
                             double* gradient, std::size_t stride, const double* weights);
};

// Symmetric matrices of `size` rows as lower triangles, diagonal included: rows of `pitch` numbers,
// zero beyond the diagonal. Vectors are zero from `size` to the next multiple of kStrideMultiple.
struct TriangleLoops {
  void (*multiply_lower)(const double* lower, std::size_t pitch, std::size_t size,
                         const double* vector, double* product);
  // matrix += factor * vector * vector'
  void (*add_outer_lower)(double* lower, std::size_t pitch, std::size_t size, const double* vector,
                          double factor);

  // sums[j] += sum over i of factors[i] * rows[i][j], for `count` rows of `width` numbers, a
  // multiple of kStrideMultiple.
  void (*add_rows)(const float* const* rows, const double* factors, std::size_t count,
                   std::size_t width, double* sums);
  // The same for each of several classes: factors[k][i] and sums[k * width + j].
  void (*add_class_rows)(const float* const* rows, const double* const* factors,
                         std::size_t classes, std::size_t count, std::size_t width, double* sums);
};

// Loops over numbers in single precision whose sums are in double precision.
struct WidenedLoops {
  // `add_remainder` of SingleLoops.
  void (*add_remainder_widened)(const float* tile, std::size_t columns, const double* direction,
                                const float* offsets, const float* probabilities,
                                const float* curvatures, std::size_t rows, double* lane_sums,
                                Shifts* shifts);

  // `multiply_half` and `multiply_rows` of MatrixLoops.
  void (*multiply_widened)(const float* matrix, std::size_t columns, std::size_t stride,
                           const double* vector, double* product);
  void (*multiply_widened_rows)(const float* rows, std::size_t count, std::size_t stride,
                                const double* vector, std::size_t width, double* product);
  // product -= rows' rows vector
  void (*subtract_gram)(const float* rows, std::size_t count, std::size_t stride,
                        const double* vector, double* product);
  // single[j] = row[j]. Returns the sum of scales[j] * (row[j] - single[j])^2.
  double (*narrow_row)(const double* row, const double* scales, std::size_t stride, float* single);
};

// Passes and products in single precision that no bound depends on.
struct RoughLoops {
  // `logits`, `softmax`, `class_residuals` and `add_class_gradient` of ClassLoops one after the
  // other; `scratch` holds kTileRows numbers for each class.
  void (*add_rough_gradient)(const float* tile, std::size_t columns, const float* weights,
                             std::size_t classes, std::size_t stride, const float* own,
                             const float* sample_weights, std::size_t rows, float* scratch,
                             double* gradient);
  // `multiply_widened` and `subtract_gram` of WidenedLoops. Vectors are zero from `columns` to the
  // next multiple of kRowMultiple, up to which products may be written.
  void (*multiply_roughly)(const float* matrix, std::size_t columns, std::size_t stride,
                           const float* vector, float* product);
  void (*subtract_gram_roughly)(const float* rows, std::size_t count, std::size_t stride,
                                const float* vector, float* product);
};

// What a direction leaves of a linear system: sums of what is left, of what margins add to it, and
// of its squares times the inverse curvatures.
struct Remainder {
  double sum = 0;
  double bend = 0;
  double squares = 0;
};

// Rows and columns of a square block: a row of it is a line of the cache.
template <class Real>
inline constexpr std::size_t kBlockSide = 64 / sizeof(Real);

// Symmetric matrices of `size` rows as lower triangles of square blocks that lie one after another,
// row by row, in the order in which a product reads them. Zero beyond the diagonal and beyond the
// last row. Vectors are zero from `size` to the next multiple of kRowMultiple, up to which products
// are written.
struct BlockLoops {
  void (*multiply_blocks)(const double* blocks, std::size_t size, const double* vector,
                          double* product);
  // matrix += sum over vectors of factors[p] * vector * vector', each of `pitch` numbers.
  void (*add_to_blocks)(double* blocks, std::size_t size, const double* vectors, std::size_t pitch,
                        const double* factors, std::size_t count);
  // The same in single precision.
  void (*multiply_single_blocks)(const float* blocks, std::size_t size, const float* vector,
                                 float* product);
  void (*add_to_single_blocks)(float* blocks, std::size_t size, const float* vectors,
                               std::size_t pitch, const float* factors, std::size_t count);
};

// Newton's steps with one coefficient per member, by conjugate gradients (docs/engine.md). Vectors
// of `size` numbers, zero up to the next multiple of kStrideMultiple.
struct StepLoops {
  // excess[i] = coefficients[i] + residuals[i] and inverse[i] = 1 / curvatures[i]. Returns the sum
  // of excess[i]^2 * inverse[i].
  double (*excess)(const double* coefficients, const double* residuals, const double* curvatures,
                   std::size_t size, double* excess, double* inverse);
  // scaled[i] = left[i] * diagonal[i]. Returns its product with `ones`.
  double (*scale)(const double* left, const double* diagonal, const double* ones, std::size_t size,
                  double* scaled);
  // moved[i] = -moved[i] - shift * ones[i] and shifted[i] = -(left[i] + moved[i]) * diagonal[i].
  // Returns minus the product of `left` and `shifted`.
  double (*descend)(const double* left, const double* diagonal, const double* ones, double shift,
                    std::size_t size, double* moved, double* shifted);
  // coefficients[i] = moved[i] + kept * coefficients[i], and margins[i] from shifted[i] likewise.
  // Returns the sum of coefficients[i] * (margins[i] - intercept) + curvatures[i] * margins[i]^2.
  double (*turn)(const double* moved, const double* shifted, double kept, double intercept,
                 const double* curvatures, std::size_t size, double* coefficients, double* margins);
  // Adds `length` times coefficients and margins to all_coefficients and all_margins, and that of
  // coefficients[i] + curvatures[i] * margins[i] to left[i].
  Remainder (*go)(const double* coefficients, const double* margins, double length,
                  const double* curvatures, const double* inverse, std::size_t size,
                  double* all_coefficients, double* all_margins, double* left);
  // product[i] = a[i] * b[i], from double to single precision and back. The former fills `product`
  // up to a multiple of kRowMultiple.
  void (*narrow)(const double* a, const double* b, std::size_t size, float* product);
  void (*widen)(const float* a, const double* b, std::size_t size, double* product);
};

struct Kernels : SampleLoops,
                 SingleLoops,
                 CommonStepLoops,
                 ClassLoops,
                 MatrixLoops,
                 PathLoops,
                 TriangleLoops,
                 BlockLoops,
                 WidenedLoops,
                 RoughLoops,
                 StepLoops {
  const char* level;
};

// The level in use: SHAPCPP_ISA where it is set, else the best. Chosen once per process; throws
// std::invalid_argument if SHAPCPP_ISA names no level or one that this processor lacks.
const Kernels& kernels();

}  // namespace shapcpp::kernels
