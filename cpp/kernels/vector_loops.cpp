// Compiled once per instruction set, with SHAPCPP_LEVEL naming it and SHAPCPP_LANES its doubles per
// register. Everything here has internal linkage or lives in the level's own namespace, and nothing
// from the standard library is instantiated: the linker would keep one copy for all levels.
#include <cstddef>

#include "kernels.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {

#define SHAPCPP_STRING(name) #name
#define SHAPCPP_NAME(name) SHAPCPP_STRING(name)

namespace {

using std::size_t;

constexpr size_t kLanes = SHAPCPP_LANES;

// Typedefs, since Clang ignores `aligned` in an alias: it would take addresses for aligned.
typedef double Vec __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(8), may_alias));
typedef long long Bits __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(8), may_alias));

// Single precision: as many bits, twice the lanes.
constexpr size_t kSingleLanes = 2 * SHAPCPP_LANES;
typedef float Single __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(4), may_alias));
typedef int SingleBits __attribute__((vector_size(8 * SHAPCPP_LANES), aligned(4), may_alias));
typedef signed char Flags __attribute__((vector_size(2 * SHAPCPP_LANES), aligned(1), may_alias));
typedef float HalfSingle __attribute__((vector_size(4 * SHAPCPP_LANES), aligned(4), may_alias));

inline Vec load(const double* address) {
  return *reinterpret_cast<const Vec*>(address);
}

inline void store(double* address, Vec value) {
  *reinterpret_cast<Vec*>(address) = value;
}

inline Vec broadcast(double value) {
  return value - Vec{};
}

inline Vec absolute(Vec value) {
  return (Vec)((Bits)value & 0x7fffffffffffffffLL);
}

inline Single load(const float* address) {
  return *reinterpret_cast<const Single*>(address);
}

inline void store(float* address, Single value) {
  *reinterpret_cast<Single*>(address) = value;
}

inline Vec load_widened(const float* address) {
  return __builtin_convertvector(*reinterpret_cast<const HalfSingle*>(address), Vec);
}

inline void store_narrowed(float* address, Vec value) {
  *reinterpret_cast<HalfSingle*>(address) = __builtin_convertvector(value, HalfSingle);
}

inline Single absolute(Single value) {
  return (Single)((SingleBits)value & 0x7fffffff);
}

// Halves are added to each other: the chain of additions stays short.
inline double sum_of_lanes(Vec value) {
  double sums[kLanes];
  for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] = value[lane];
  for (size_t half = kLanes / 2; half > 0; half /= 2)
    for (size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

inline double sum_of_lanes(Single value) {
  float lanes[kSingleLanes];
  store(lanes, value);
  return sum_of_lanes(load_widened(lanes) + load_widened(lanes + kLanes));
}

inline Vec select(Bits condition, Vec yes, Vec no) {
  return (Vec)((condition & (Bits)yes) | (~condition & (Bits)no));
}

// exp(x) for x <= 0, within 2 units in the last place; below -700 it stays at exp(-700).
// x = n ln 2 + r with |r| <= ln(2) / 2, the Taylor polynomial of degree 13 in r, and n added to
// the exponent. ln 2 is split in two so that n * kLn2High is exact.
inline Vec exp_nonpositive(Vec x) {
  constexpr double kLog2E = 1.44269504088896340736;
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kRoundToInteger = 6755399441055744.0;  // 1.5 * 2^52
  x = select(x < -700.0, broadcast(-700.0), x);
  const Vec shifted = x * kLog2E + kRoundToInteger;
  const Vec n = shifted - kRoundToInteger;
  const Vec r = (x - n * kLn2High) - n * kLn2Low;
  Vec p = broadcast(1.0 / 6227020800.0);
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return (Vec)((Bits)p + ((Bits)shifted << 52));
}

void margins(const double* tile, size_t columns, const double* weights, size_t rows,
             double* margins) {
  constexpr size_t kChains = 8;
  size_t row = 0;
  for (; row + kChains * kLanes <= rows; row += kChains * kLanes) {
    Vec sums[kChains] = {};
    for (size_t j = 0; j < columns; ++j) {
      const double* column = tile + j * kTileStride + row;
      for (size_t c = 0; c < kChains; ++c) sums[c] += load(column + c * kLanes) * weights[j];
    }
    for (size_t c = 0; c < kChains; ++c) store(margins + row + c * kLanes, sums[c]);
  }
  for (; row < rows; row += kLanes) {
    Vec even{}, odd{};
    size_t j = 0;
    for (; j + 1 < columns; j += 2) {
      even += load(tile + j * kTileStride + row) * weights[j];
      odd += load(tile + (j + 1) * kTileStride + row) * weights[j + 1];
    }
    if (j < columns) even += load(tile + j * kTileStride + row) * weights[j];
    store(margins + row, even + odd);
  }
}

double largest(const double* values, size_t rows) {
  Vec most{};
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec value = absolute(load(values + row));
    most = select(value > most, value, most);
  }
  double result = most[0];
  for (size_t lane = 1; lane < kLanes; ++lane) result = most[lane] > result ? most[lane] : result;
  return result;
}

double largest_difference(const double* a, const double* b, size_t rows) {
  Vec most{};
  size_t row = 0;
  for (; row + kLanes <= rows; row += kLanes) {
    const Vec value = absolute(load(a + row) - load(b + row));
    most = select(value > most, value, most);
  }
  double result = most[0];
  for (size_t lane = 1; lane < kLanes; ++lane) result = most[lane] > result ? most[lane] : result;
  for (; row < rows; ++row) {
    const double value = a[row] > b[row] ? a[row] - b[row] : b[row] - a[row];
    result = value > result ? value : result;
  }
  return result;
}

void logistic(const double* margins, const double* signs, const double* sample_weights, size_t rows,
              double* residuals, double* curvatures) {
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec sign = load(signs + row);
    const Vec margin = load(margins + row) * sign;
    const Vec weight = load(sample_weights + row);
    const Vec tail = exp_nonpositive(-absolute(margin));
    const Vec likely = 1.0 / (1.0 + tail);
    const Vec unlikely = tail * likely;
    store(residuals + row, -sign * weight * select(margin >= 0.0, unlikely, likely));
    store(curvatures + row, weight * likely * unlikely);
  }
}

void add_gradient(const double* tile, size_t columns, const double* residuals, size_t rows,
                  double* gradient, double* magnitude) {
  constexpr size_t kChains = 4;
  for (size_t j = 0; j < columns; ++j) {
    const double* column = tile + j * kTileStride;
    Vec sums[kChains] = {};
    Vec sizes[kChains] = {};
    size_t row = 0;
    for (; row + kChains * kLanes <= rows; row += kChains * kLanes)
      for (size_t c = 0; c < kChains; ++c) {
        const Vec product = load(column + row + c * kLanes) * load(residuals + row + c * kLanes);
        sums[c] += product;
        sizes[c] += absolute(product);
      }
    for (; row < rows; row += kLanes) {
      const Vec product = load(column + row) * load(residuals + row);
      sums[0] += product;
      sizes[0] += absolute(product);
    }
    gradient[j] += sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
    magnitude[j] += sum_of_lanes((sizes[0] + sizes[1]) + (sizes[2] + sizes[3]));
  }
}

// Blocks of sums of products, in double or single precision: the register that holds each.
template <class Real>
struct RegisterOf;
template <>
struct RegisterOf<double> {
  typedef Vec Type;
  static constexpr size_t kLength = kLanes;
};
template <>
struct RegisterOf<float> {
  typedef Single Type;
  static constexpr size_t kLength = kSingleLanes;
};

// Rows of the Hessian from `scaled` (curvature times feature, Height of them) against Width
// columns: Height * Width sums held in registers.
template <size_t Height, size_t Width, class Real>
void add_block(const Real* scaled, const Real* columns_from, size_t rows, double* hessian,
               size_t stride) {
  using Register = typename RegisterOf<Real>::Type;
  Register sums[Height][Width] = {};
  for (size_t row = 0; row < rows; row += RegisterOf<Real>::kLength) {
    Register right[Width];
    for (size_t l = 0; l < Width; ++l) right[l] = load(columns_from + l * kTileStride + row);
    for (size_t j = 0; j < Height; ++j) {
      const Register left = load(scaled + j * kTileStride + row);
      for (size_t l = 0; l < Width; ++l) sums[j][l] += left * right[l];
    }
  }
  for (size_t j = 0; j < Height; ++j)
    for (size_t l = 0; l < Width; ++l) hessian[j * stride + l] += sum_of_lanes(sums[j][l]);
}

template <size_t Height, class Real>
void add_rows(const Real* scaled, const Real* tile, size_t first_row, size_t columns, size_t rows,
              double* hessian) {
  constexpr size_t kWidth = kLanes == 8 ? 4 : 2;  // 32 registers or 16
  double* target = hessian + first_row * columns;
  const size_t end = first_row + Height;
  size_t l = 0;
  for (; l + kWidth <= end; l += kWidth)
    add_block<Height, kWidth>(scaled, tile + l * kTileStride, rows, target + l, columns);
  for (; l < end; ++l)
    add_block<Height, 1>(scaled, tile + l * kTileStride, rows, target + l, columns);
}

template <class Real>
void add_products(const Real* tile, size_t columns, const Real* weights, size_t rows,
                  double* hessian, Real* scratch) {
  constexpr size_t kHeight = 4;
  for (size_t j = 0; j < columns; j += kHeight) {
    const size_t height = columns - j < kHeight ? columns - j : kHeight;
    for (size_t c = 0; c < height; ++c)
      for (size_t row = 0; row < rows; row += RegisterOf<Real>::kLength)
        store(scratch + c * kTileStride + row,
              load(tile + (j + c) * kTileStride + row) * load(weights + row));
    switch (height) {
      case 1: add_rows<1>(scratch, tile, j, columns, rows, hessian); break;
      case 2: add_rows<2>(scratch, tile, j, columns, rows, hessian); break;
      case 3: add_rows<3>(scratch, tile, j, columns, rows, hessian); break;
      default: add_rows<4>(scratch, tile, j, columns, rows, hessian); break;
    }
  }
}

void add_hessian(const double* tile, size_t columns, const double* curvatures, size_t rows,
                 double* hessian, double* scratch) {
  add_products(tile, columns, curvatures, rows, hessian, scratch);
}

void expand(const double* residuals, const double* curvatures, const double* signs,
            const double* sample_weights, size_t rows, float* probabilities,
            float* single_curvatures, float* thirds) {
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec weight = load(sample_weights + row);
    const Vec share = load(residuals + row) / select(weight > 0.0, weight, broadcast(1.0));
    const Vec p = share + select(load(signs + row) > 0.0, broadcast(1.0), Vec{});
    const Vec c = load(curvatures + row);
    store_narrowed(probabilities + row, p);
    store_narrowed(single_curvatures + row, c);
    store_narrowed(thirds + row, c * (1.0 - 2.0 * p));
  }
}

// c (r / (1 + p r) - t) with r = exp(t) - 1: what moving a margin by t adds to its residual beyond
// the linear part. With s = r - t = t^2 / 2 + ... , it is c (s - p t r) / (1 + p r): nothing
// cancels that is larger than t^2. From h to 2 h, r becomes r (2 + r) and s becomes 2 s + r^2; the
// Taylor polynomial of degree 8 at h = t / 4 leaves less than a rounding for |t| <= 2.
inline Single remainder(Single t, Single p, Single c) {
  const Single h = t * 0.25f;
  Single s = h * (1.0f / 40320) + 1.0f / 5040;
  s = s * h + 1.0f / 720;
  s = s * h + 1.0f / 120;
  s = s * h + 1.0f / 24;
  s = s * h + 1.0f / 6;
  s = s * h + 0.5f;
  s = s * h * h;
  Single r = s + h;
  s = 2.0f * s + r * r;
  r = s + 2.0f * h;
  s = 2.0f * s + r * r;
  const Single pr = p * (s + t);
  return c * (s - pr * t) / (1.0f + pr);
}

template <size_t Chains, class Use>
inline void margins_of(const float* tile, size_t columns, const float* weights, size_t row,
                       const Use& use) {
  Single sums[Chains] = {};
  for (size_t j = 0; j < columns; ++j) {
    const float* column = tile + j * kTileStride + row;
    for (size_t c = 0; c < Chains; ++c) sums[c] += load(column + c * kSingleLanes) * weights[j];
  }
  for (size_t c = 0; c < Chains; ++c) use(sums[c], row + c * kSingleLanes);
}

// Calls use(margins, row) for each register of rows.
template <class Use>
inline void for_margins(const float* tile, size_t columns, const float* weights, size_t rows,
                        const Use& use) {
  size_t row = 0;
  for (; row + 8 * kSingleLanes <= rows; row += 8 * kSingleLanes)
    margins_of<8>(tile, columns, weights, row, use);
  for (; row + 4 * kSingleLanes <= rows; row += 4 * kSingleLanes)
    margins_of<4>(tile, columns, weights, row, use);
  for (; row < rows; row += kSingleLanes) margins_of<1>(tile, columns, weights, row, use);
}

void add_remainder(const float* tile, size_t columns, const float* direction, const float* offsets,
                   const float* probabilities, const float* curvatures, size_t rows,
                   double* lane_sums, Shifts* shifts) {
  float pulls[kTileRows];
  Single most{}, fourth{}, eighth{};
  const auto use = [&](Single moved, size_t row) {
    const Single t = moved - load(offsets + row);
    const Single c = load(curvatures + row);
    const Single square = t * t;
    const Single power = square * square;
    const Single size = absolute(t);
    most = size > most ? size : most;
    fourth += c * power;
    eighth += c * power * power;
    store(pulls + row, remainder(t, load(probabilities + row), c));
  };
  for_margins(tile, columns, direction, rows, use);
  for (size_t j = 0; j < columns; ++j) {
    const float* column = tile + j * kTileStride;
    Single even{}, odd{};
    size_t row = 0;
    for (; row + 2 * kSingleLanes <= rows; row += 2 * kSingleLanes) {
      even += load(column + row) * load(pulls + row);
      odd += load(column + row + kSingleLanes) * load(pulls + row + kSingleLanes);
    }
    if (row < rows) even += load(column + row) * load(pulls + row);
    float lanes[kSingleLanes];
    store(lanes, even + odd);
    double* target = lane_sums + j * kLaneSums;
    store(target, load(target) + (load_widened(lanes) + load_widened(lanes + kLanes)));
  }
  double largest = shifts->largest;
  for (size_t lane = 0; lane < kSingleLanes; ++lane) {
    const double value = static_cast<double>(most[lane]);
    largest = value > largest ? value : largest;
  }
  shifts->largest = largest;
  shifts->fourth += sum_of_lanes(fourth);
  shifts->eighth += sum_of_lanes(eighth);
}

void add_lanes(const double* lane_sums, size_t columns, double* vector) {
  for (size_t j = 0; j < columns; ++j) vector[j] += sum_of_lanes(load(lane_sums + j * kLaneSums));
}

void add_third(const float* tile, size_t columns, const float* weights, size_t rows, double* third,
               size_t stride, double* block, float* scratch) {
  float* scaled = scratch + 4 * kTileStride;
  for (size_t j = 0; j < columns; ++j) {
    const size_t size = j + 1;
    for (size_t row = 0; row < rows; row += kSingleLanes)
      store(scaled + row, load(tile + j * kTileStride + row) * load(weights + row));
    for (size_t i = 0; i < size * size; ++i) block[i] = 0;
    add_products(tile, size, static_cast<const float*>(scaled), rows, block, scratch);
    double* target = third + j * size / 2 * stride;
    for (size_t l = 0; l < size; ++l)
      for (size_t m = 0; m <= l; ++m) target[l * stride + m] += block[l * size + m];
  }
}

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

void add_scaled(double* target, size_t stride, const double* vector, double factor) {
  for (size_t j = 0; j < stride; j += kLanes)
    store(target + j, load(target + j) + load(vector + j) * factor);
}

// The loops over matrices hold a row of up to four registers, or pass over wider ones four
// registers at a time: Body<Width> does one such strip.
template <template <size_t> class Body, class... Arguments>
void in_strips(size_t stride, Arguments... arguments) {
  size_t first = 0;
  for (; first + 4 * kLanes <= stride; first += 4 * kLanes)
    Body<4>::run(first, stride, arguments...);
  switch ((stride - first) / kLanes) {
    case 1: Body<1>::run(first, stride, arguments...); break;
    case 2: Body<2>::run(first, stride, arguments...); break;
    case 3: Body<3>::run(first, stride, arguments...); break;
    default: break;
  }
}

template <size_t Width>
struct Multiply {
  static void run(size_t first, size_t stride, const double* matrix, size_t columns,
                  const double* vector, double* product) {
    Vec even[Width] = {};
    Vec odd[Width] = {};
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

void multiply(const double* matrix, size_t columns, size_t stride, const double* vector,
              double* product) {
  in_strips<Multiply>(stride, matrix, columns, vector, product);
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
  in_strips<AddOuter>(stride, matrix, columns, vector, factor);
}

double largest_row_sum(const double* matrix, size_t columns, size_t stride) {
  double most = 0;
  for (size_t j = 0; j < stride; j += kLanes) {
    Vec sums{};
    for (size_t i = 0; i < columns; ++i) sums += absolute(load(matrix + i * stride + j));
    for (size_t lane = 0; lane < kLanes; ++lane) most = sums[lane] > most ? sums[lane] : most;
  }
  return most;
}

// Row i of the matrix loses `factors[i]` times the pivot row, but for the pivot row itself.
template <size_t Width>
struct Eliminate {
  static void run(size_t first, size_t stride, double* matrix, size_t columns, size_t pivot,
                  const double* factors) {
    Vec right[Width];
    const double* pivot_row = matrix + pivot * stride + first;
    for (size_t w = 0; w < Width; ++w) right[w] = load(pivot_row + w * kLanes);
    double* row = matrix + first;
    for (size_t i = 0; i < columns; ++i, row += stride) {
      if (i == pivot) continue;
      for (size_t w = 0; w < Width; ++w)
        store(row + w * kLanes, load(row + w * kLanes) - right[w] * factors[i]);
    }
  }
};

// Gauss-Jordan elimination, pivot by pivot down the diagonal, which a positive definite matrix
// allows.
bool invert(double* matrix, size_t columns, size_t stride, double* scratch) {
  for (size_t k = 0; k < columns; ++k) {
    double* pivot_row = matrix + k * stride;
    const double pivot = pivot_row[k];
    if (!(pivot > 0)) return false;
    const double inverse = 1 / pivot;
    for (size_t i = 0; i < columns; ++i) {
      scratch[i] = matrix[i * stride + k];
      matrix[i * stride + k] = 0;
    }
    pivot_row[k] = 1;
    for (size_t j = 0; j < stride; j += kLanes) store(pivot_row + j, load(pivot_row + j) * inverse);
    in_strips<Eliminate>(stride, matrix, columns, k, static_cast<const double*>(scratch));
  }
  return true;
}

template <size_t Rows, size_t Width>
inline void subtract_rows(double* target, size_t stride, const double* factors, const double* block,
                          size_t depth) {
  Vec sums[Rows][Width] = {};
  for (size_t p = 0; p < depth; ++p, block += stride) {
    Vec right[Width];
    for (size_t w = 0; w < Width; ++w) right[w] = load(block + w * kLanes);
    for (size_t i = 0; i < Rows; ++i)
      for (size_t w = 0; w < Width; ++w) sums[i][w] += right[w] * factors[i * depth + p];
  }
  for (size_t i = 0; i < Rows; ++i)
    for (size_t w = 0; w < Width; ++w) {
      double* place = target + i * stride + w * kLanes;
      store(place, load(place) - sums[i][w]);
    }
}

template <size_t Width>
struct SubtractProduct {
  static void run(size_t first, size_t stride, double* target, size_t rows, const double* factors,
                  const double* block, size_t depth) {
    constexpr size_t kHeight = 4;
    constexpr size_t kWidth = kLanes == 8 ? Width : Width % 2 == 0 ? 2 : 1;  // 32 registers or 16
    for (size_t column = first; column < first + Width * kLanes; column += kWidth * kLanes) {
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

void subtract_product(double* target, size_t rows, size_t stride, const double* factors,
                      const double* block, size_t depth) {
  in_strips<SubtractProduct>(stride, target, rows, factors, block, depth);
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
    Vec even[Width] = {};
    Vec odd[Width] = {};
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

void classify(const double* margins, const double* norms, double scale, size_t rows,
              size_t* positive, size_t* within) {
  Bits above{}, inside{};
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec margin = load(margins + row);
    const Vec bound = load(norms + row) * scale;
    above -= (Bits)(margin > bound);
    inside -= (Bits)(absolute(margin) <= bound);
  }
  size_t above_sum = 0, inside_sum = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    above_sum += static_cast<size_t>(above[lane]);
    inside_sum += static_cast<size_t>(inside[lane]);
  }
  *positive = above_sum;
  *within = inside_sum;
}

size_t look(const float* tile, size_t columns, const float* weights, const float* norms,
            float scale, size_t rows, size_t* within, unsigned short* open) {
  SingleBits above{};
  Flags inside[kTileRows / kSingleLanes];
  const auto classify_row = [&](Single margin, size_t row) {
    const Single bound = load(norms + row) * scale;
    above -= (SingleBits)(margin > bound);
    inside[row / kSingleLanes] =
        __builtin_convertvector((SingleBits)(absolute(margin) <= bound), Flags);
  };
  for_margins(tile, columns, weights, rows, classify_row);
  size_t positive = 0, found = 0;
  for (size_t lane = 0; lane < kSingleLanes; ++lane) positive += static_cast<size_t>(above[lane]);
  // Eight rows at a time: most words are zero.
  const char* flags = reinterpret_cast<const char*>(inside);
  for (size_t row = 0; row < rows; row += 8) {
    unsigned long long word;
    __builtin_memcpy(&word, flags + row, 8);
    for (size_t i = row; word != 0; ++i, word >>= 8)
      if (word & 1) open[found++] = static_cast<unsigned short>(i);
  }
  *within = found;
  return positive;
}

}  // namespace

extern const Kernels table;
const Kernels table = {SHAPCPP_NAME(SHAPCPP_LEVEL),
                       kSingleLanes,
                       margins,
                       largest,
                       largest_difference,
                       logistic,
                       add_gradient,
                       add_hessian,
                       expand,
                       add_remainder,
                       add_lanes,
                       add_third,
                       dot,
                       add_scaled,
                       multiply,
                       add_outer,
                       largest_row_sum,
                       invert,
                       subtract_product,
                       add_cube,
                       contract,
                       classify,
                       look};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
