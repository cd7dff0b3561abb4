// Wide symmetric matrices in single precision, and the rows that wait to be taken off them.
#include "kernels/symmetric.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

void multiply_widened(const float* matrix, size_t columns, size_t stride, const double* vector,
                      double* product) {
  multiply_wide(matrix, columns, stride, vector, product);
}

template <size_t Rows>
inline void subtract_gram_of(const float* rows, size_t stride, const double* vector,
                             double* product) {
  Vec sums[Rows];
  set_to_zero(sums);
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec right = load(vector + j);
    for (size_t r = 0; r < Rows; ++r) sums[r] += load_widened(rows + r * stride + j) * right;
  }
  double along[Rows];
  for (size_t r = 0; r < Rows; ++r) along[r] = sum_of_lanes(sums[r]);
  for (size_t j = 0; j < stride; j += kLanes) {
    Vec even = load(product + j), odd{};
    for (size_t r = 0; r < Rows; ++r) {
      if (r % 2 == 0)
        even -= load_widened(rows + r * stride + j) * along[r];
      else
        odd += load_widened(rows + r * stride + j) * along[r];
    }
    store(product + j, even - odd);
  }
}

// Rows eight at a time: the second reading finds them in the nearest cache.
void subtract_gram(const float* rows, size_t count, size_t stride, const double* vector,
                   double* product) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) subtract_gram_of<8>(rows + i * stride, stride, vector, product);
  for (; i + 2 <= count; i += 2) subtract_gram_of<2>(rows + i * stride, stride, vector, product);
  if (i < count) subtract_gram_of<1>(rows + i * stride, stride, vector, product);
}

template <size_t Rows>
inline void multiply_rows_of(const float* rows, size_t stride, const double* vector, size_t width,
                             double* product) {
  Vec sums[Rows];
  set_to_zero(sums);
  for (size_t j = 0; j < width; j += kLanes) {
    const Vec right = load(vector + j);
    for (size_t r = 0; r < Rows; ++r) sums[r] += load_widened(rows + r * stride + j) * right;
  }
  for (size_t r = 0; r < Rows; ++r) product[r] = sum_of_lanes(sums[r]);
}

void multiply_rows(const float* rows, size_t count, size_t stride, const double* vector,
                   size_t width, double* product) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8)
    multiply_rows_of<8>(rows + i * stride, stride, vector, width, product + i);
  for (; i < count; ++i) multiply_rows_of<1>(rows + i * stride, stride, vector, width, product + i);
}

double narrow_row(const double* row, const double* scales, size_t stride, float* single) {
  Vec lost{};
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec value = load(row + j);
    store_narrowed(single + j, value);
    const Vec left = value - load_widened(single + j);
    lost += left * left * load(scales + j);
  }
  return sum_of_lanes(lost);
}

}  // namespace

extern const WideLoops wide_loops;
const WideLoops wide_loops = {multiply_widened, subtract_gram, multiply_rows, narrow_row};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
