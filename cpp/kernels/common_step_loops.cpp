// Classes whose weights all move along one vector: the weights, and the leads of test samples.
#include "kernels/lane_sums.hpp"
#include "kernels/row_set.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// Registers of rows that are multiplied together: a number of the vector serves all of them, and
// their sums do not wait for each other.
constexpr size_t kMostRegisters = kLanes == 8 ? 8 : 4;

// The products of `Registers` registers of rows with the vector, but for its unit. Their pairs of
// columns are `height` rows apart.
template <size_t Registers>
inline void multiply_whole(const short* samples, size_t height, const WholeVector& vector,
                           Single* products) {
  for (size_t first = 0; first < vector.pairs; first += vector.chunk) {
    const size_t left = vector.pairs - first;
    const size_t end = first + (left < vector.chunk ? left : vector.chunk);
    SingleBits sums[Registers];
    set_to_zero(sums, Registers);
    for (size_t p = first; p < end; ++p, samples += 2 * height) {
      const SingleBits factor = broadcast_pair(vector.numbers + 2 * p);
      for (size_t r = 0; r < Registers; ++r)
        sums[r] += multiply_pairs(load_pairs(samples + 2 * r * kSingleLanes), factor);
    }
    for (size_t r = 0; r < Registers; ++r) products[r] += __builtin_convertvector(sums[r], Single);
  }
}

// The rows of a tile that lead all rivals, and those that are open.
struct Rows {
  RowSet led;
  RowSet open;
};

// Of `Registers` registers of rows from `row` on, in a block of `height` rows.
template <size_t Registers>
inline void advance_rows(const short* samples, size_t height, const WholeVector& vector,
                         const float* steps, size_t rivals, float limit, const float* known,
                         float* leads, size_t row, Rows& rows) {
  Single products[Registers], least[Registers];
  set_to_zero(products, Registers);
  multiply_whole<Registers>(samples, height, vector, products);
  for (size_t r = 0; r < Registers; ++r) {
    products[r] *= vector.unit;
    least[r] = Single{} + 1e38f;
  }
  for (size_t b = 0; b < rivals; ++b, leads += height) {
    const float step = steps[b];
    for (size_t r = 0; r < Registers; ++r) {
      const Single lead = load(leads + r * kSingleLanes) + products[r] * step;
      store(leads + r * kSingleLanes, lead);
      least[r] = lead < least[r] ? lead : least[r];
    }
  }
  for (size_t r = 0; r < Registers; ++r) {
    const Single bound = limit - load(known + r * kSingleLanes);
    rows.led.add(row + r * kSingleLanes, mask_of_greater(least[r], bound));
    rows.open.add(row + r * kSingleLanes, mask_of_at_least(bound, absolute(least[r])));
  }
}

size_t advance(const short* samples, const WholeVector& vector, const float* steps, size_t rivals,
               float limit, const float* known, size_t rows, float* leads, size_t* within,
               unsigned short* open) {
  Rows found;
  for (size_t first = 0; first < rows; first += kBlockRows) {
    const size_t left = rows - first;
    const size_t height = left < kBlockRows ? left : kBlockRows;
    const auto some = [&]<size_t Registers>(size_t row) {
      advance_rows<Registers>(samples + 2 * (vector.pairs * first + row), height, vector, steps,
                              rivals, limit, known + first + row, leads + rivals * first + row,
                              first + row, found);
    };
    size_t row = 0;
    for (; row + kMostRegisters * kSingleLanes <= height; row += kMostRegisters * kSingleLanes)
      some.template operator()<kMostRegisters>(row);
    switch ((height - row) / kSingleLanes) {
      case 1: some.template operator()<1>(row); break;
      case 2: some.template operator()<2>(row); break;
      case 3: some.template operator()<3>(row); break;
      case 4: some.template operator()<4>(row); break;
      case 5: some.template operator()<5>(row); break;
      case 6: some.template operator()<6>(row); break;
      case 7: some.template operator()<7>(row); break;
      default: break;
    }
  }
  *within = found.open.list(open);
  return found.led.count();
}

// Calls use.operator()<Rows>(first) for `count` rows: a register of sums at a time, then half of
// one.
template <size_t Rows = kLanes, class Use>
inline void for_rows(size_t count, const Use& use, size_t first = 0) {
  for (; first + Rows <= count; first += Rows) use.template operator()<Rows>(first);
  if constexpr (Rows > 1) for_rows<Rows / 2>(count, use, first);
}

template <size_t Rows>
inline void store_sums(const Vec* sums, double* target) {
  const Vec all = sums_of_lanes<double, Rows>(sums);
  for (size_t i = 0; i < Rows; ++i) target[i] = all[i];
}

void products(const double* rows, size_t count, size_t stride, const double* vector,
              double* products_of_rows) {
  for_rows(count, [&]<size_t Rows>(size_t first) {
    const double* row = rows + first * stride;
    Vec sums[Rows];
    for (size_t i = 0; i < Rows; ++i) sums[i] = load(row + i * stride) * load(vector);
    for (size_t j = kLanes; j < stride; j += kLanes) {
      const Vec factor = load(vector + j);
      for (size_t i = 0; i < Rows; ++i) sums[i] += load(row + i * stride + j) * factor;
    }
    store_sums<Rows>(sums, products_of_rows + first);
  });
}

void move(double* rows, size_t count, size_t stride, const double* vector, const double* lengths) {
  for (size_t i = 0; i < count; ++i, rows += stride) {
    const double length = lengths[i];
    for (size_t j = 0; j < stride; j += kLanes)
      store(rows + j, load(rows + j) + load(vector + j) * length);
  }
}

void sizes(const double* rows, size_t count, size_t stride, const double* scales, double* squares,
           double* absolute_sums) {
  for_rows<kLanes / 2>(count, [&]<size_t Rows>(size_t first) {
    const double* row = rows + first * stride;
    Vec square[Rows], sums[Rows];
    for (size_t i = 0; i < Rows; ++i) square[i] = sums[i] = Vec{};
    for (size_t j = 0; j < stride; j += kLanes) {
      const Vec scale = load(scales + j);
      for (size_t i = 0; i < Rows; ++i) {
        const Vec value = load(row + i * stride + j);
        square[i] += value * value;
        sums[i] += absolute(value * scale);
      }
    }
    store_sums<Rows>(square, squares + first);
    store_sums<Rows>(sums, absolute_sums + first);
  });
}

}  // namespace

extern const CommonStepLoops common_step_loops;
const CommonStepLoops common_step_loops = {advance, products, move, sizes};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
