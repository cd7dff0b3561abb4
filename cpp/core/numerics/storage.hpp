// Storage of samples and sums: aligned arrays, tiles for the kernels, sizes checked before use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace shapcpp {

// a * b, or std::length_error naming what was being sized.
inline std::size_t checked_product(std::size_t a, std::size_t b, const char* what) {
  std::size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product) || product > PTRDIFF_MAX / sizeof(double))
    throw std::length_error(std::string(what) + " of " + std::to_string(a) + " x " +
                            std::to_string(b) + " numbers is larger than any memory");
  return product;
}

template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(checked_product(n, sizeof(T), "an array"), kAlignment));
  }
  void deallocate(T* pointer, std::size_t) { ::operator delete(pointer, kAlignment); }
  bool operator==(const CacheLineAllocator&) const { return true; }
};

template <class T>
using Aligned = std::vector<T, CacheLineAllocator<T>>;
using AlignedVector = Aligned<double>;

inline std::size_t padded_rows(std::size_t rows) {
  return (rows + kernels::kRowMultiple - 1) / kernels::kRowMultiple * kernels::kRowMultiple;
}

inline std::size_t padded_columns(std::size_t columns) {
  return (columns + kernels::kStrideMultiple - 1) / kernels::kStrideMultiple *
         kernels::kStrideMultiple;
}

// A growing list of samples in the layout of the kernels, in double or single precision. Rows not
// yet filled are zero.
template <class T>
class Tiles {
 public:
  Tiles(std::size_t columns, std::size_t capacity)
      : columns_(columns),
        tile_size_(checked_product(columns, kernels::kTileStride, "a tile")),
        values_(checked_product(tile_size_,
                                (capacity + kernels::kTileRows - 1) / kernels::kTileRows,
                                "a set of samples")) {}

  void append(std::span<const double> sample) {
    append_with([&](std::size_t j) { return sample[j]; });
  }
  // The sample whose column j is value(j).
  template <class Value>
  void append_with(const Value& value) {
    T* target = place(size_++);
    for (std::size_t j = 0; j < columns_; ++j)
      target[j * kernels::kTileStride] = static_cast<T>(value(j));
  }
  // The given rows of another list, in ascending order; column by column within a tile, since
  // the numbers of a row are scattered over the cache.
  void append_from(const Tiles& other, std::span<const std::uint32_t> rows) {
    std::size_t done = 0;
    while (done < rows.size()) {
      const std::size_t t = rows[done] / kernels::kTileRows;
      std::size_t count =
          std::min(kernels::kTileRows - size_ % kernels::kTileRows, rows.size() - done);
      while (rows[done + count - 1] / kernels::kTileRows != t) --count;
      T* target = place(size_);
      const T* source = other.tile(t);
      for (std::size_t j = 0; j < columns_; ++j) {
        for (std::size_t i = 0; i < count; ++i)
          target[i] = source[rows[done + i] % kernels::kTileRows];
        target += kernels::kTileStride;
        source += kernels::kTileStride;
      }
      size_ += count;
      done += count;
    }
  }
  // Forgets the samples, without clearing their memory.
  void rewind() { size_ = 0; }
  void clear() {
    const auto used = static_cast<std::ptrdiff_t>(tile_count() * tile_size_);
    std::fill(values_.begin(), values_.begin() + used, T{0});
    size_ = 0;
  }

  std::size_t size() const { return size_; }
  std::size_t columns() const { return columns_; }
  std::size_t tile_count() const { return (size_ + kernels::kTileRows - 1) / kernels::kTileRows; }
  const T* tile(std::size_t t) const { return values_.data() + t * tile_size_; }
  T value(std::size_t row, std::size_t column) const {
    return tile(row / kernels::kTileRows)[column * kernels::kTileStride + row % kernels::kTileRows];
  }
  std::size_t rows_in(std::size_t t) const {
    const std::size_t first = t * kernels::kTileRows;
    return size_ - first < kernels::kTileRows ? size_ - first : kernels::kTileRows;
  }

 private:
  T* place(std::size_t row) {
    return values_.data() + row / kernels::kTileRows * tile_size_ + row % kernels::kTileRows;
  }

  std::size_t columns_;
  std::size_t tile_size_;
  std::size_t size_ = 0;
  Aligned<T> values_;
};

using SampleTiles = Tiles<double>;

// to[i] = from[i] in single precision.
inline void copy_narrowed(const double* from, std::size_t count, float* to) {
  std::transform(from, from + count, to, [](double value) { return static_cast<float>(value); });
}

// Rows that arrays beside the tiles need for `capacity` samples.
inline std::size_t tiled_rows(std::size_t capacity) {
  return (capacity + kernels::kTileRows - 1) / kernels::kTileRows * kernels::kTileRows;
}

}  // namespace shapcpp
