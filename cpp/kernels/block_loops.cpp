// Symmetric matrices in square blocks: each block is read once and serves twice, as it is and
// mirrored.
#include "kernels/lane_sums.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// Vectors that are added in one pass over the matrix.
constexpr size_t kVectorsAtOnce = 16;

// Rows of a block that are as many as a register has numbers: a block's row is one register or
// more.
template <class Real>
struct Group {
  static constexpr size_t kSide = kBlockSide<Real>;
  static constexpr size_t kRows = RegisterOf<Real>::kLength;
  static constexpr size_t kArea = kSide * kSide;
};

// Where the columns from j on stand, j a multiple of a register's length: `rows` are those of the
// group in the first block.
template <class Real>
inline Real* at_column(Real* rows, size_t j) {
  constexpr size_t kSide = kBlockSide<Real>;
  return rows + j / kSide * (kSide * kSide) + j % kSide;
}

template <class Real>
inline void multiply_group(const Real* rows, size_t first, const Real* vector, Real* product) {
  using Register = typename RegisterOf<Real>::Type;
  using Index = typename RegisterOf<Real>::Index;
  constexpr size_t kRows = Group<Real>::kRows, kSide = Group<Real>::kSide;
  Real own[kRows];  // copied: the product might overlap the vector, for all the compiler knows
  for (size_t i = 0; i < kRows; ++i) own[i] = vector[first + i];
  Register sums[kRows];
  set_to_zero(sums, kRows);
  for (size_t j = 0; j < first; j += kRows)
    multiply_both_ways<kRows>(at_column(rows, j), kSide, vector + j, own, sums, product + j);
  const auto lanes = lane_numbers<Real>();
  const Real* place = at_column(rows, first);
  const Register factor = load(vector + first);
  Register mirrored{};
  for (size_t i = 0; i < kRows; ++i) {
    const Register value = load(place + i * kSide);
    sums[i] += value * factor;
    // The diagonal has no mirror image.
    mirrored += select(lanes < static_cast<Index>(i), value, Register{}) * own[i];
  }
  store(product + first, mirrored + sums_of_lanes<Real, kRows>(sums));
}

// A group writes its own part of the product before later ones add to it.
template <class Real>
void multiply_blocks(const Real* blocks, size_t size, const Real* vector, Real* product) {
  constexpr size_t kRows = Group<Real>::kRows, kSide = Group<Real>::kSide;
  for (size_t panel = 0; panel * kSide < size; ++panel) {
    for (size_t row = 0; row < kSide; row += kRows)
      multiply_group(blocks + row * kSide, panel * kSide + row, vector, product);
    blocks += (panel + 1) * Group<Real>::kArea;
  }
}

// `own` are the vectors at the group's rows, times their factors.
template <class Real>
inline void add_to_group(Real* rows, size_t first, const Real* vectors, size_t pitch,
                         const Real* own, size_t count) {
  using Register = typename RegisterOf<Real>::Type;
  using Index = typename RegisterOf<Real>::Index;
  constexpr size_t kRows = Group<Real>::kRows, kSide = Group<Real>::kSide;
  const auto lanes = lane_numbers<Real>();
  for (size_t j = 0; j <= first; j += kRows) {
    Real* place = at_column(rows, j);
    Register sums[kRows];
    for (size_t i = 0; i < kRows; ++i) sums[i] = load(place + i * kSide);
    for (size_t p = 0; p < count; ++p) {
      const Register other = load(vectors + p * pitch + j);
      for (size_t i = 0; i < kRows; ++i) sums[i] += other * own[p * kRows + i];
    }
    for (size_t i = 0; i < kRows; ++i)
      store(place + i * kSide,
            j < first ? sums[i] : select(lanes <= static_cast<Index>(i), sums[i], Register{}));
  }
}

template <class Real>
inline void add_few_to_blocks(Real* blocks, size_t size, const Real* vectors, size_t pitch,
                              const Real* factors, size_t count) {
  constexpr size_t kRows = Group<Real>::kRows, kSide = Group<Real>::kSide;
  Real own[kVectorsAtOnce * kRows];
  for (size_t panel = 0; panel * kSide < size; ++panel) {
    for (size_t row = 0; row < kSide; row += kRows) {
      const size_t first = panel * kSide + row;
      for (size_t p = 0; p < count; ++p)
        for (size_t i = 0; i < kRows; ++i)
          own[p * kRows + i] = factors[p] * vectors[p * pitch + first + i];
      add_to_group(blocks + row * kSide, first, vectors, pitch, own, count);
    }
    blocks += (panel + 1) * Group<Real>::kArea;
  }
}

template <class Real>
void add_to_blocks(Real* blocks, size_t size, const Real* vectors, size_t pitch,
                   const Real* factors, size_t count) {
  for (size_t p = 0; p < count; p += kVectorsAtOnce) {
    const size_t few = count - p < kVectorsAtOnce ? count - p : kVectorsAtOnce;
    add_few_to_blocks(blocks, size, vectors + p * pitch, pitch, factors + p, few);
  }
}

}  // namespace

extern const BlockLoops block_loops;
const BlockLoops block_loops = {multiply_blocks, add_to_blocks, multiply_blocks, add_to_blocks};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
