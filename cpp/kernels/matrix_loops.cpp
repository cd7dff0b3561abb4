// Small vectors and matrices, in double precision.
#include "kernels/symmetric.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

double dot(const double* a, const double* b, size_t stride) {
  Vec even{}, odd{};
  size_t j = 0;
  for (; j + kLanes < stride; j += 2 * kLanes) {
    even += load(a + j) * load(b + j);
    odd += load(a + j + kLanes) * load(b + j + kLanes);
  }
  if (j < stride) even += load(a + j) * load(b + j);
  return sum_of_lanes(even + odd);
}

double absolute_dot(const double* a, const double* b, size_t stride) {
  Vec even{}, odd{};
  size_t j = 0;
  for (; j + kLanes < stride; j += 2 * kLanes) {
    even += absolute(load(a + j) * load(b + j));
    odd += absolute(load(a + j + kLanes) * load(b + j + kLanes));
  }
  if (j < stride) even += absolute(load(a + j) * load(b + j));
  return sum_of_lanes(even + odd);
}

Squares squares(const double* a, const double* weights, size_t stride) {
  Vec plain{}, weighted{};
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec square = load(a + j) * load(a + j);
    plain += square;
    weighted += square * load(weights + j);
  }
  return {sum_of_lanes(plain), sum_of_lanes(weighted)};
}

void add_scaled(double* target, size_t stride, const double* vector, double factor) {
  for (size_t j = 0; j < stride; j += kLanes)
    store(target + j, load(target + j) + load(vector + j) * factor);
}

// The loops over matrices hold a row of up to four registers, or pass over wider ones four
// registers at a time: Body<Width> does one such strip.
template <template <size_t> class Body, size_t Length = kLanes, class... Arguments>
void in_strips_up_to(size_t width, size_t stride, Arguments... arguments) {
  size_t first = 0;
  for (; first + 4 * Length <= width; first += 4 * Length)
    Body<4>::run(first, stride, arguments...);
  switch ((width - first) / Length) {
    case 1: Body<1>::run(first, stride, arguments...); break;
    case 2: Body<2>::run(first, stride, arguments...); break;
    case 3: Body<3>::run(first, stride, arguments...); break;
    default: break;
  }
}

template <template <size_t> class Body, class... Arguments>
void in_strips(size_t stride, Arguments... arguments) {
  in_strips_up_to<Body>(stride, stride, arguments...);
}

template <size_t Width>
struct Multiply {
  static void run(size_t first, size_t stride, const double* matrix, size_t columns,
                  const double* vector, double* product) {
    Vec even[Width];
    set_to_zero(even, Width);
    Vec odd[Width];
    set_to_zero(odd, Width);
    const double* row = matrix + first;
    size_t i = 0;
    for (; i + 1 < columns; i += 2, row += 2 * stride)
      for (size_t w = 0; w < Width; ++w) {
        even[w] += load(row + w * kLanes) * vector[i];
        odd[w] += load(row + stride + w * kLanes) * vector[i + 1];
      }
    if (i < columns)
      for (size_t w = 0; w < Width; ++w) even[w] += load(row + w * kLanes) * vector[i];
    for (size_t w = 0; w < Width; ++w) store(product + first + w * kLanes, even[w] + odd[w]);
  }
};

// Matrices with at least kHalfFrom columns are read row by row, as they lie in memory.
void multiply(const double* matrix, size_t columns, size_t stride, const double* vector,
              double* product) {
  if (columns < kHalfFrom)
    in_strips<Multiply>(stride, matrix, columns, vector, product);
  else
    multiply_wide(matrix, columns, stride, vector, product);
}

void multiply_half(const double* matrix, size_t columns, size_t stride, const double* vector,
                   double* product) {
  multiply_wide(matrix, columns, stride, vector, product);
}

void multiply_rows(const double* rows, size_t count, size_t stride, const double* vector,
                   size_t width, double* product) {
  multiply_each_row(rows, count, stride, vector, width, product);
}

template <size_t Width>
struct AddOuter {
  static void run(size_t first, size_t stride, double* matrix, size_t columns, const double* vector,
                  double factor) {
    Vec right[Width];
    for (size_t w = 0; w < Width; ++w) right[w] = load(vector + first + w * kLanes) * factor;
    double* row = matrix + first;
    for (size_t i = 0; i < columns; ++i, row += stride)
      for (size_t w = 0; w < Width; ++w)
        store(row + w * kLanes, load(row + w * kLanes) + right[w] * vector[i]);
  }
};

void add_outer(double* matrix, size_t columns, size_t stride, const double* vector, double factor) {
  if (columns < kHalfFrom)
    in_strips<AddOuter>(stride, matrix, columns, vector, factor);
  else
    for (size_t i = 0; i < columns; ++i)
      add_scaled(matrix + i * stride, stride, vector, factor * vector[i]);
}

double largest_row_sum(const double* matrix, size_t columns, size_t stride) {
  double most = 0;
  if (columns >= kHalfFrom) {
    for (size_t i = 0; i < columns; ++i) {
      Vec sums{};
      for (size_t j = 0; j < stride; j += kLanes) sums += absolute(load(matrix + i * stride + j));
      const double sum = sum_of_lanes(sums);
      most = sum > most ? sum : most;
    }
    return most;
  }
  for (size_t j = 0; j < stride; j += kLanes) {
    Vec sums{};
    for (size_t i = 0; i < columns; ++i) sums += absolute(load(matrix + i * stride + j));
    for (size_t lane = 0; lane < kLanes; ++lane) most = sums[lane] > most ? sums[lane] : most;
  }
  return most;
}

// matrix -= factors * row', up to a register beyond the diagonal.
inline void subtract_outer_half(double* matrix, size_t columns, size_t stride,
                                const double* factors, const double* row) {
  size_t first = 0;
  for (; first + kLanes <= columns; first += kLanes)
    for (size_t j = 0; j <= first; j += kLanes) {
      const Vec right = load(row + j);
      double* target = matrix + first * stride + j;
      for (size_t r = 0; r < kLanes; ++r, target += stride)
        store(target, load(target) - right * factors[first + r]);
    }
  for (size_t i = first; i < columns; ++i)
    for (size_t j = 0; j <= first; j += kLanes) {
      double* target = matrix + i * stride + j;
      store(target, load(target) - load(row + j) * factors[i]);
    }
}

// Gauss-Jordan elimination, pivot by pivot down the diagonal, which a positive definite matrix
// allows. With the rows done so far negated the matrix stays symmetric, so that half of it will do;
// the pivot row is kept in full while it is the pivot row.
bool invert(double* matrix, size_t columns, size_t stride, double* scratch) {
  for (size_t k = 0; k < columns; ++k) {
    double* pivot_row = matrix + k * stride;
    const double pivot = pivot_row[k];
    if (!(pivot > 0)) return false;
    const double inverse = 1 / pivot;
    for (size_t j = 0; j < k; ++j) scratch[j] = pivot_row[j];
    for (size_t j = k + 1; j < columns; ++j) scratch[j] = pivot_row[j] = matrix[j * stride + k];
    scratch[k] = 0;
    for (size_t j = 0; j < columns; j += kLanes)
      store(pivot_row + j, load(pivot_row + j) * inverse);
    subtract_outer_half(matrix, columns, stride, scratch, pivot_row);
    for (size_t i = k + 1; i < columns; ++i) matrix[i * stride + k] = pivot_row[i];
    pivot_row[k] = -inverse;
  }
  for (size_t i = 0; i < columns; ++i)
    for (size_t j = 0; j <= i; ++j)
      matrix[i * stride + j] = matrix[j * stride + i] = -matrix[i * stride + j];
  return true;
}

template <size_t Rows, size_t Width, class Real>
inline void subtract_rows(Real* target, size_t stride, const Real* factors, const Real* block,
                          size_t depth) {
  using Register = typename RegisterOf<Real>::Type;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  Register sums[Rows][Width];
  set_to_zero(sums[0], Rows * Width);
  for (size_t p = 0; p < depth; ++p, block += stride) {
    Register right[Width];
    for (size_t w = 0; w < Width; ++w) right[w] = load(block + w * kLength);
    for (size_t i = 0; i < Rows; ++i)
      for (size_t w = 0; w < Width; ++w) sums[i][w] += right[w] * factors[i * depth + p];
  }
  for (size_t i = 0; i < Rows; ++i)
    for (size_t w = 0; w < Width; ++w) {
      Real* place = target + i * stride + w * kLength;
      store(place, load(place) - sums[i][w]);
    }
}

template <size_t Width>
struct SubtractProduct {
  template <class Real>
  static void run(size_t first, size_t stride, Real* target, size_t rows, const Real* factors,
                  const Real* block, size_t depth) {
    constexpr size_t kHeight = 4;
    constexpr size_t kWidth = kLanes == 8 ? Width : Width % 2 == 0 ? 2 : 1;  // 32 registers or 16
    constexpr size_t kLength = RegisterOf<Real>::kLength;
    for (size_t column = first; column < first + Width * kLength; column += kWidth * kLength) {
      size_t i = 0;
      for (; i + kHeight <= rows; i += kHeight)
        subtract_rows<kHeight, kWidth>(target + i * stride + column, stride, factors + i * depth,
                                       block + column, depth);
      for (; i < rows; ++i)
        subtract_rows<1, kWidth>(target + i * stride + column, stride, factors + i * depth,
                                 block + column, depth);
    }
  }
};

template <class Real>
void subtract_product(Real* target, size_t rows, size_t width, size_t stride, const Real* factors,
                      const Real* block, size_t depth) {
  in_strips_up_to<SubtractProduct, RegisterOf<Real>::kLength>(width, stride, target, rows, factors,
                                                              block, depth);
}

template <size_t Width>
struct AddCube {
  static void run(size_t first, size_t stride, double* third, size_t columns, const double* vector,
                  double factor) {
    Vec right[Width];
    for (size_t w = 0; w < Width; ++w) right[w] = load(vector + first + w * kLanes) * factor;
    double* row = third + first;
    for (size_t j = 0; j < columns; ++j)
      for (size_t l = 0; l <= j; ++l, row += stride)
        for (size_t w = 0; w < Width; ++w)
          store(row + w * kLanes, load(row + w * kLanes) + right[w] * (vector[j] * vector[l]));
  }
};

void add_cube(double* third, size_t columns, size_t stride, const double* vector, double factor) {
  in_strips<AddCube>(stride, third, columns, vector, factor);
}

template <size_t Width>
struct Contract {
  static void run(size_t first, size_t stride, const double* third, size_t columns, const double* a,
                  const double* b, double* product) {
    Vec even[Width];
    set_to_zero(even, Width);
    Vec odd[Width];
    set_to_zero(odd, Width);
    const double* row = third + first;
    for (size_t j = 0; j < columns; ++j) {
      const double aj = a[j], bj = b[j];
      size_t l = 0;
      for (; l + 1 < j; l += 2, row += 2 * stride) {
        const double first_factor = aj * b[l] + bj * a[l];
        const double second_factor = aj * b[l + 1] + bj * a[l + 1];
        for (size_t w = 0; w < Width; ++w) {
          even[w] += load(row + w * kLanes) * first_factor;
          odd[w] += load(row + stride + w * kLanes) * second_factor;
        }
      }
      for (; l <= j; ++l, row += stride) {
        const double factor = l < j ? aj * b[l] + bj * a[l] : aj * bj;
        for (size_t w = 0; w < Width; ++w) even[w] += load(row + w * kLanes) * factor;
      }
    }
    for (size_t w = 0; w < Width; ++w) store(product + first + w * kLanes, even[w] + odd[w]);
  }
};

void contract(const double* third, size_t columns, size_t stride, const double* a, const double* b,
              double* product) {
  in_strips<Contract>(stride, third, columns, a, b, product);
}

}  // namespace

extern const MatrixLoops matrix_loops;
const MatrixLoops matrix_loops = {
    dot,           absolute_dot, squares,         add_scaled, multiply,         multiply_half,
    multiply_rows, add_outer,    largest_row_sum, invert,     subtract_product, subtract_product,
    add_cube,      contract};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
