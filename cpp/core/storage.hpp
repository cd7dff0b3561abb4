// Where samples and sums live: aligned arrays, tiles for the kernels, sizes checked before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../kernels/kernels.hpp"

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

using AlignedVector = std::vector<double, CacheLineAllocator<double>>;

inline std::size_t padded_rows(std::size_t rows) {
  return (rows + kernels::kRowMultiple - 1) / kernels::kRowMultiple * kernels::kRowMultiple;
}

// A growing list of samples in the layout of the kernels. Rows not yet filled are zero.
class SampleTiles {
 public:
  SampleTiles(std::size_t columns, std::size_t capacity);

  void append(std::span<const double> sample);
  void append_from(const SampleTiles& other, std::size_t row);
  void clear();

  std::size_t size() const { return size_; }
  std::size_t tile_count() const { return (size_ + kernels::kTileRows - 1) / kernels::kTileRows; }
  const double* tile(std::size_t t) const { return values_.data() + t * tile_size_; }
  double value(std::size_t row, std::size_t column) const {
    return tile(row / kernels::kTileRows)[column * kernels::kTileRows + row % kernels::kTileRows];
  }

  std::size_t rows_in(std::size_t t) const {
    const std::size_t first = t * kernels::kTileRows;
    return size_ - first < kernels::kTileRows ? size_ - first : kernels::kTileRows;
  }

 private:
  std::size_t columns_;
  std::size_t tile_size_;
  std::size_t size_ = 0;
  AlignedVector values_;
};

// Rows that arrays beside the tiles need for `capacity` samples.
inline std::size_t tiled_rows(std::size_t capacity) {
  return (capacity + kernels::kTileRows - 1) / kernels::kTileRows * kernels::kTileRows;
}

}  // namespace shapcpp
