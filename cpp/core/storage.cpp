#include "storage.hpp"

#include <algorithm>

namespace shapcpp {

using kernels::kTileRows;

SampleTiles::SampleTiles(std::size_t columns, std::size_t capacity)
    : columns_(columns),
      tile_size_(checked_product(columns, kTileRows, "a tile")),
      values_(checked_product(tile_size_, tiled_rows(capacity) / kTileRows, "a set of samples")) {}

void SampleTiles::append(std::span<const double> sample) {
  double* target = values_.data() + size_ / kTileRows * tile_size_ + size_ % kTileRows;
  for (std::size_t j = 0; j < columns_; ++j) target[j * kTileRows] = sample[j];
  ++size_;
}

void SampleTiles::append_from(const SampleTiles& other, std::size_t row) {
  double* target = values_.data() + size_ / kTileRows * tile_size_ + size_ % kTileRows;
  const double* source = other.tile(row / kTileRows) + row % kTileRows;
  for (std::size_t j = 0; j < columns_; ++j) target[j * kTileRows] = source[j * kTileRows];
  ++size_;
}

void SampleTiles::clear() {
  const auto used = static_cast<std::ptrdiff_t>(tile_count() * tile_size_);
  std::fill(values_.begin(), values_.begin() + used, 0.0);
  size_ = 0;
}

}  // namespace shapcpp
