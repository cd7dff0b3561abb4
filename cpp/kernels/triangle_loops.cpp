// Symmetric matrices that grow row by row, and sums of rows in single precision.
#include "kernels/lane_sums.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

template <class Real>
constexpr size_t round_up(size_t count) {
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  return (count + kLength - 1) / kLength * kLength;
}

template <class Real>
using LaneNumbers = typename RegisterOf<Real>::Mask;

// Each number of a row serves twice: it stands for itself and for its mirror image. The rows are
// part of a register of the product, which is only read and written whole: a register that has just
// been written in parts takes long to read.
template <size_t Rows, class Real>
inline void multiply_rows(const Real* lower, size_t pitch, size_t first, const Real* vector,
                          Real* product, LaneNumbers<Real> lanes) {
  using Register = typename RegisterOf<Real>::Type;
  using Index = typename RegisterOf<Real>::Index;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  const Real* row = lower + first * pitch;
  Real own[Rows];  // copied: the product might overlap the vector, for all the compiler knows
  for (size_t i = 0; i < Rows; ++i) own[i] = vector[first + i];
  const size_t last = first / kLength * kLength;
  const auto place = Rows == kLength ? 0 : static_cast<Index>(first - last);
  Register sums[Rows], rest{};
  const Register last_factor = load(vector + last);
  for (size_t i = 0; i < Rows; ++i) {
    const Register value = load(row + i * pitch + last);
    sums[i] = value * last_factor;
    const auto diagonal = place + static_cast<Index>(i);  // has no mirror image
    rest += select(lanes < diagonal, value, Register{}) * own[i];
  }
  for (size_t j = 0; j < last; j += kLength)
    multiply_both_ways<Rows>(row + j, pitch, vector + j, own, sums, product + j);
  const LaneNumbers<Real> of_rows = (lanes >= place) & (lanes < place + static_cast<Index>(Rows));
  rest += select(of_rows, sums_of_lanes<Real, Rows>(sums), Register{});
  store(product + last, load(product + last) + rest);
}

// The last rows, fewer than two times `Rows`.
template <size_t Rows, class Real>
inline void multiply_last_rows(const Real* lower, size_t pitch, size_t first, size_t size,
                               const Real* vector, Real* product, LaneNumbers<Real> lanes) {
  if (first + Rows <= size) {
    multiply_rows<Rows>(lower, pitch, first, vector, product, lanes);
    first += Rows;
  }
  if constexpr (Rows > 1)
    multiply_last_rows<Rows / 2>(lower, pitch, first, size, vector, product, lanes);
}

template <class Real>
void multiply_lower(const Real* lower, size_t pitch, size_t size, const Real* vector,
                    Real* product) {
  using Register = typename RegisterOf<Real>::Type;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  const LaneNumbers<Real> lanes = lane_numbers<Real>();
  for (size_t j = 0; j < round_up<Real>(size); j += kLength) store(product + j, Register{});
  size_t i = 0;
  for (; i + kLength <= size; i += kLength)
    multiply_rows<kLength>(lower, pitch, i, vector, product, lanes);
  multiply_last_rows<kLength / 2>(lower, pitch, i, size, vector, product, lanes);
}

template <size_t Rows, class Real>
inline void add_outer_rows(Real* lower, size_t pitch, size_t first, const Real* vector, Real factor,
                           typename RegisterOf<Real>::Mask lanes) {
  using Register = typename RegisterOf<Real>::Type;
  using Index = typename RegisterOf<Real>::Index;
  constexpr size_t kLength = RegisterOf<Real>::kLength;
  Real* row = lower + first * pitch;
  Real own[Rows];
  for (size_t i = 0; i < Rows; ++i) own[i] = factor * vector[first + i];
  size_t j = 0;
  for (; j + kLength <= first + 1; j += kLength) {
    const Register other = load(vector + j);
    for (size_t i = 0; i < Rows; ++i)
      store(row + i * pitch + j, load(row + i * pitch + j) + other * own[i]);
  }
  for (; j < first + Rows; j += kLength) {
    const Register other = load(vector + j);
    for (size_t i = 0; i < Rows; ++i) {
      const Register sum = load(row + i * pitch + j) + other * own[i];
      const Index left = static_cast<Index>(first + i) - static_cast<Index>(j);
      store(row + i * pitch + j, select(lanes <= left, sum, Register{}));
    }
  }
}

template <class Real>
void add_outer_lower(Real* lower, size_t pitch, size_t size, const Real* vector, Real factor) {
  const LaneNumbers<Real> lanes = lane_numbers<Real>();
  size_t i = 0;
  for (; i + 4 <= size; i += 4) add_outer_rows<4>(lower, pitch, i, vector, factor, lanes);
  for (; i < size; ++i) add_outer_rows<1>(lower, pitch, i, vector, factor, lanes);
}

// Rows that lie anywhere are asked for while others are read.
constexpr size_t kRowsAhead = 8;

inline void ask_for(const float* numbers, size_t count) {
  for (size_t j = 0; j < count; j += kBlockSide<float>) __builtin_prefetch(numbers + j);
}

template <size_t Chains>
inline void add_rows_at(const float* const* rows, const double* factors, size_t count, size_t first,
                        double* sums) {
  Vec chains[Chains];
  for (size_t c = 0; c < Chains; ++c) chains[c] = load(sums + first + c * kLanes);
  for (size_t i = 0; i < count; ++i) {
    const float* row = rows[i] + first;
    if (i + kRowsAhead < count) ask_for(rows[i + kRowsAhead] + first, Chains * kLanes);
    for (size_t c = 0; c < Chains; ++c) chains[c] += load_widened(row + c * kLanes) * factors[i];
  }
  for (size_t c = 0; c < Chains; ++c) store(sums + first + c * kLanes, chains[c]);
}

void add_rows(const float* const* rows, const double* factors, size_t count, size_t width,
              double* sums) {
  constexpr size_t kChains = kLanes == 8 ? 16 : 8;  // 32 registers or 16
  size_t first = 0;
  for (; first + kChains * kLanes <= width; first += kChains * kLanes)
    add_rows_at<kChains>(rows, factors, count, first, sums);
  for (; first < width; first += kLanes) add_rows_at<1>(rows, factors, count, first, sums);
}

// A number of a row is widened once for all classes.
template <size_t Classes, size_t Chains>
inline void add_class_rows_at(const float* const* rows, const double* const* factors, size_t count,
                              size_t first, size_t width, double* sums) {
  Vec chains[Classes][Chains];
  for (size_t k = 0; k < Classes; ++k)
    for (size_t c = 0; c < Chains; ++c) chains[k][c] = load(sums + k * width + first + c * kLanes);
  for (size_t i = 0; i < count; ++i) {
    const float* row = rows[i] + first;
    if (i + kRowsAhead < count) ask_for(rows[i + kRowsAhead] + first, Chains * kLanes);
    Vec values[Chains];
    for (size_t c = 0; c < Chains; ++c) values[c] = load_widened(row + c * kLanes);
    for (size_t k = 0; k < Classes; ++k) {
      const double factor = factors[k][i];
      for (size_t c = 0; c < Chains; ++c) chains[k][c] += values[c] * factor;
    }
  }
  for (size_t k = 0; k < Classes; ++k)
    for (size_t c = 0; c < Chains; ++c) store(sums + k * width + first + c * kLanes, chains[k][c]);
}

// Strips of a row that stay in the nearest cache while all classes take them.
constexpr size_t kStrip = 4 * kRowMultiple;

template <size_t Classes>
inline void add_class_strip(const float* const* rows, const double* const* factors, size_t count,
                            size_t first, size_t end, size_t width, double* sums) {
  constexpr size_t kChains = kLanes == 8 ? 4 : 2;
  for (; first + kChains * kLanes <= end; first += kChains * kLanes)
    add_class_rows_at<Classes, kChains>(rows, factors, count, first, width, sums);
  for (; first < end; first += kLanes)
    add_class_rows_at<Classes, 1>(rows, factors, count, first, width, sums);
}

void add_class_rows(const float* const* rows, const double* const* factors, size_t classes,
                    size_t count, size_t width, double* sums) {
  for (size_t first = 0; first < width; first += kStrip) {
    const size_t end = first + kStrip < width ? first + kStrip : width;
    size_t k = 0;
    for (; k + 4 <= classes; k += 4)
      add_class_strip<4>(rows, factors + k, count, first, end, width, sums + k * width);
    for (; k + 2 <= classes; k += 2)
      add_class_strip<2>(rows, factors + k, count, first, end, width, sums + k * width);
    if (k < classes)
      add_class_strip<1>(rows, factors + k, count, first, end, width, sums + k * width);
  }
}

}  // namespace

extern const TriangleLoops triangle_loops;
const TriangleLoops triangle_loops = {multiply_lower, add_outer_lower, add_rows, add_class_rows};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
