#include "core/numerics/inverse.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// Up to this size elimination goes row by row: half of the matrix fits the nearest cache.
constexpr std::size_t kUnblocked = 100;
// Rows and columns of a tile of `mirror`: two tiles fit the nearest cache.
constexpr std::size_t kTile = 32;

}  // namespace

Inverter::Inverter(std::size_t columns, std::size_t stride)
    : columns_(columns), stride_(stride), kernels_(kernels::kernels()), scratch_(columns) {
  if (columns > kUnblocked) by_blocks_.emplace(columns, stride);
}

bool Inverter::invert(AlignedVector& matrix, const Checkpoint& checkpoint) {
  if (by_blocks_) {
    original_ = matrix;
    if (by_blocks_->invert(matrix.data(), checkpoint) && is_well_conditioned(matrix)) {
      mirror(matrix);
      return true;
    }
    std::copy(original_.begin(), original_.end(), matrix.begin());
  }
  return kernels_.invert(matrix.data(), columns_, stride_, scratch_.data());
}

// Lemma 12: elimination by blocks multiplies by inverses of blocks, so that its error grows with
// the condition number twice, once more than that of elimination row by row. Up to this condition
// number the former is still below the bound of the latter, which has d^3.
bool Inverter::is_well_conditioned(const AlignedVector& inverse) const {
  double condition = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    const double entry = inverse[j * (stride_ + 1)];
    if (!(entry > 0)) return false;
    condition += original_[j * (stride_ + 1)] * entry;
  }
  return condition <= static_cast<double>(columns_) * static_cast<double>(columns_);
}

void Inverter::mirror(AlignedVector& matrix) const {
  for (std::size_t first = 0; first < columns_; first += kTile)
    for (std::size_t column = 0; column <= first; column += kTile)
      for (std::size_t i = first; i < std::min(first + kTile, columns_); ++i)
        for (std::size_t j = column; j < std::min(column + kTile, i); ++j)
          matrix[j * stride_ + i] = matrix[i * stride_ + j];
}

}  // namespace shapcpp
