// Passes over samples in single precision.
#include "kernels/lane_sums.hpp"
#include "kernels/products.hpp"
#include "kernels/remainder.hpp"
#include "kernels/row_set.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

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

template <size_t Chains>
inline void add_columns(const float* tile, size_t begin, size_t end, const float* weights,
                        size_t row, Single* sums) {
  size_t j = begin;
  do {  // at least once, so that sums need no place in memory
    const float* column = tile + j * kTileStride + row;
    for (size_t c = 0; c < Chains; ++c) sums[c] += load(column + c * kSingleLanes) * weights[j];
  } while (++j < end);
}

template <size_t Chains, class Use>
inline void margins_of(const float* tile, size_t columns, const float* weights, size_t row,
                       const Use& use) {
  Single sums[Chains];
  set_to_zero(sums, Chains);
  add_columns<Chains>(tile, 0, columns < kSumChunk ? columns : kSumChunk, weights, row, sums);
  for (size_t first = kSumChunk; first < columns; first += kSumChunk) {
    const size_t left = columns - first;
    Single chunk[Chains];
    set_to_zero(chunk, Chains);
    add_columns<Chains>(tile, first, first + (left < kSumChunk ? left : kSumChunk), weights, row,
                        chunk);
    for (size_t c = 0; c < Chains; ++c) sums[c] += chunk[c];
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
  switch ((rows - row) / kSingleLanes) {  // sums that wait for each other take long
    case 1: margins_of<1>(tile, columns, weights, row, use); break;
    case 2: margins_of<2>(tile, columns, weights, row, use); break;
    case 3: margins_of<3>(tile, columns, weights, row, use); break;
    case 4: margins_of<4>(tile, columns, weights, row, use); break;
    case 5: margins_of<5>(tile, columns, weights, row, use); break;
    case 6: margins_of<6>(tile, columns, weights, row, use); break;
    case 7: margins_of<7>(tile, columns, weights, row, use); break;
    default: break;
  }
}

// Rows that the nearest cache holds until they are read a second time, if that is more than a few.
inline size_t rows_together(size_t columns, size_t rows) {
  constexpr size_t kNumbers = 10240, kUnit = 4 * kSingleLanes;
  const size_t held = kNumbers / columns / kUnit * kUnit;
  return held == 0 ? rows : held;
}

void add_remainder(const float* tile, size_t columns, const float* direction, const float* offsets,
                   const float* probabilities, const float* curvatures, size_t rows,
                   double* lane_sums, Shifts* shifts) {
  float remainders[kTileRows];
  Remainders of_rows(offsets, probabilities, curvatures);
  const size_t together = rows_together(columns, rows);
  for (size_t first = 0; first < rows; first += together) {
    const size_t count = rows - first < together ? rows - first : together;
    for_margins(tile + first, columns, direction, count, [&](Single moved, size_t row) {
      store(remainders + row, of_rows.take(moved, first + row));
    });
    add_weighted(tile + first, columns, remainders, count, lane_sums);
  }
  of_rows.add_to(shifts);
}

void add_lanes(const double* lane_sums, size_t stride, double* vector) {
  for (size_t j = 0; j < stride; j += kLanes) {
    Vec sums[kLanes];
    for (size_t c = 0; c < kLanes; ++c) {
      const double* column = lane_sums + (j + c) * kLaneSums;
      sums[c] = load(column);
      for (size_t lane = kLanes; lane < kLaneSums; lane += kLanes) sums[c] += load(column + lane);
    }
    store(vector + j, load(vector + j) + sums_of_lanes<double, kLanes>(sums));
  }
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

void single_margins(const float* tile, size_t columns, const float* weights, size_t rows,
                    float* margins) {
  for_margins(tile, columns, weights, rows,
              [&](Single margin, size_t row) { store(margins + row, margin); });
}

size_t sum_of_counts(SingleBits counts) {
  size_t sum = 0;
  for (size_t lane = 0; lane < kSingleLanes; ++lane) sum += static_cast<size_t>(counts[lane]);
  return sum;
}

size_t look(const float* tile, size_t columns, const float* weights, const float* norms,
            float scale, size_t rows, size_t* within, unsigned short* open) {
  SingleBits above{};
  RowSet inside;
  const auto classify_row = [&](Single margin, size_t row) {
    const Single bound = load(norms + row) * scale;
    above -= (SingleBits)(margin > bound);
    inside.add(row, (SingleBits)(absolute(margin) <= bound));
  };
  for_margins(tile, columns, weights, rows, classify_row);
  *within = inside.list(open);
  return sum_of_counts(above);
}

// The classes that a sample's own class is held against, for `Rows` registers of rows.
template <size_t Rows>
struct Rivals {
  Single own[Rows];
  Single highest[Rows];  // the largest margin that another class may have
  Single surest[Rows];   // the largest margin that another class has at least
};

template <size_t Rows, size_t Classes>
inline void add_rivals(const float* tile, size_t columns, const float* weights, size_t n_classes,
                       size_t first, size_t own, const float* reaches, const Single* norms,
                       Rivals<Rows>& rivals) {
  Single sums[Classes][Rows];
  set_to_zero(sums[0], Classes * Rows);
  const float* of_column = weights + first;
  size_t j = 0;
  do {  // at least once, as above
    for (size_t b = 0; b < Classes; ++b)
      for (size_t r = 0; r < Rows; ++r) sums[b][r] += load(tile + r * kSingleLanes) * of_column[b];
    tile += kTileStride;
    of_column += n_classes;
  } while (++j < columns);
  for (size_t b = 0; b < Classes; ++b)
    for (size_t r = 0; r < Rows; ++r) {
      if (first + b == own) {
        rivals.own[r] = sums[b][r];
        continue;
      }
      const Single error = norms[r] * reaches[first + b];
      const Single most = sums[b][r] + error, least = sums[b][r] - error;
      rivals.highest[r] = most > rivals.highest[r] ? most : rivals.highest[r];
      rivals.surest[r] = least > rivals.surest[r] ? least : rivals.surest[r];
    }
}

// Adds to `led`, and the open rows of `Rows` registers from `row` on to `open`.
template <size_t Rows>
inline void lead_rows(const float* tile, size_t columns, const float* weights, size_t n_classes,
                      size_t own, const float* reaches, const float* norms_at, SingleBits* led,
                      size_t row, RowSet& open) {
  Single norms[Rows];
  Rivals<Rows> rivals;
  for (size_t r = 0; r < Rows; ++r) {
    norms[r] = load(norms_at + r * kSingleLanes);
    rivals.own[r] = Single{};
    rivals.highest[r] = rivals.surest[r] = Single{} - 1e38f;
  }
  size_t b = 0;
  for (; b + 4 <= n_classes; b += 4)
    add_rivals<Rows, 4>(tile, columns, weights, n_classes, b, own, reaches, norms, rivals);
  for (; b + 2 <= n_classes; b += 2)
    add_rivals<Rows, 2>(tile, columns, weights, n_classes, b, own, reaches, norms, rivals);
  if (b < n_classes)
    add_rivals<Rows, 1>(tile, columns, weights, n_classes, b, own, reaches, norms, rivals);
  for (size_t r = 0; r < Rows; ++r) {
    const Single error = norms[r] * reaches[own];
    const Single least = rivals.own[r] - error, most = rivals.own[r] + error;
    *led -= (SingleBits)(least > rivals.highest[r]);
    const SingleBits within =
        (SingleBits)(least <= rivals.highest[r]) & (SingleBits)(most >= rivals.surest[r]);
    open.add(row + r * kSingleLanes, within);
  }
}

size_t lead(const float* tile, size_t columns, const float* weights, size_t n_classes, size_t own,
            const float* reaches, const float* norms, size_t rows, size_t* within,
            unsigned short* open) {
  constexpr size_t kRegisters = kLanes == 8 ? 4 : 2;  // times 4 classes, of 32 or 16
  SingleBits led{};
  RowSet inside;
  size_t row = 0;
  for (; row + kRegisters * kSingleLanes <= rows; row += kRegisters * kSingleLanes)
    lead_rows<kRegisters>(tile + row, columns, weights, n_classes, own, reaches, norms + row, &led,
                          row, inside);
  const auto rest = [&]<size_t Rows>() {
    lead_rows<Rows>(tile + row, columns, weights, n_classes, own, reaches, norms + row, &led, row,
                    inside);
  };
  switch ((rows - row) / kSingleLanes) {
    case 1: rest.template operator()<1>(); break;
    case 2: rest.template operator()<2>(); break;
    case 3: rest.template operator()<3>(); break;
    default: break;
  }
  *within = inside.list(open);
  return sum_of_counts(led);
}

}  // namespace

extern const SingleLoops single_loops;
const SingleLoops single_loops = {kSingleLanes, expand,         add_remainder, add_lanes,
                                  add_third,    single_margins, look,          lead};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
