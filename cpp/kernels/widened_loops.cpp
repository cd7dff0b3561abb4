// Loops over numbers in single precision whose sums are in double precision: where the numbers come
// from far in memory, they cost little more than sums in single precision.
#include "kernels/lane_sums.hpp"
#include "kernels/remainder.hpp"
#include "kernels/symmetric.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// The margins of `Chains` registers of rows, rounded to single precision at the end.
template <size_t Chains>
inline void margins_of(const float* tile, size_t columns, const double* weights, size_t row,
                       float* margins) {
  Vec sums[Chains];
  set_to_zero(sums, Chains);
  for (size_t j = 0; j < columns; ++j) {
    const float* column = tile + j * kTileStride + row;
    for (size_t c = 0; c < Chains; ++c) sums[c] += load_widened(column + c * kLanes) * weights[j];
  }
  for (size_t c = 0; c < Chains; ++c) store_narrowed(margins + row + c * kLanes, sums[c]);
}

// Adds the sums over rows of `weights` times `Width` columns to lane_sums.
template <size_t Width>
inline void add_weighted(const float* columns_from, const double* weights, size_t rows,
                         double* lane_sums) {
  Vec even[Width], odd[Width];
  set_to_zero(even, Width);
  set_to_zero(odd, Width);
  for (size_t row = 0; row < rows; row += 2 * kLanes) {
    const Vec first = load(weights + row), second = load(weights + row + kLanes);
    for (size_t j = 0; j < Width; ++j) {
      const float* column = columns_from + j * kTileStride + row;
      even[j] += load_widened(column) * first;
      odd[j] += load_widened(column + kLanes) * second;
    }
  }
  for (size_t j = 0; j < Width; ++j) {
    double* target = lane_sums + j * kLaneSums;
    store(target, load(target) + (even[j] + odd[j]));
  }
}

void add_remainder_widened(const float* tile, size_t columns, const double* direction,
                           const float* offsets, const float* probabilities,
                           const float* curvatures, size_t rows, double* lane_sums,
                           Shifts* shifts) {
  constexpr size_t kChains = 8;
  float moved[kTileRows];
  size_t row = 0;
  for (; row + kChains * kLanes <= rows; row += kChains * kLanes)
    margins_of<kChains>(tile, columns, direction, row, moved);
  for (; row < rows; row += kSingleLanes) margins_of<2>(tile, columns, direction, row, moved);
  double remainders[kTileRows];
  Remainders of_rows(offsets, probabilities, curvatures);
  for (row = 0; row < rows; row += kSingleLanes) {
    float found[kSingleLanes];
    store(found, of_rows.take(load(moved + row), row));
    store(remainders + row, load_widened(found));
    store(remainders + row + kLanes, load_widened(found + kLanes));
  }
  size_t j = 0;
  for (; j + 4 <= columns; j += 4)
    add_weighted<4>(tile + j * kTileStride, remainders, rows, lane_sums + j * kLaneSums);
  for (; j < columns; ++j)
    add_weighted<1>(tile + j * kTileStride, remainders, rows, lane_sums + j * kLaneSums);
  of_rows.add_to(shifts);
}

void multiply_widened(const float* matrix, size_t columns, size_t stride, const double* vector,
                      double* product) {
  multiply_wide(matrix, columns, stride, vector, product);
}

void multiply_widened_rows(const float* rows, size_t count, size_t stride, const double* vector,
                           size_t width, double* product) {
  multiply_each_row(rows, count, stride, vector, width, product);
}

void subtract_gram(const float* rows, size_t count, size_t stride, const double* vector,
                   double* product) {
  subtract_gram_of_rows(rows, count, stride, vector, product);
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

extern const WidenedLoops widened_loops;
const WidenedLoops widened_loops = {add_remainder_widened, multiply_widened, multiply_widened_rows,
                                    subtract_gram, narrow_row};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
