#include "core/judges/open_samples.hpp"

#include <algorithm>

namespace shapcpp {

using kernels::kTileRows;
using kernels::kTileStride;

OpenSamples::OpenSamples(std::size_t columns, std::size_t n_classes,
                         const kernels::Kernels& kernels)
    : columns_(columns),
      n_classes_(n_classes),
      kernels_(kernels),
      own_classes_(kMost),
      tile_(checked_product(columns, kTileStride, "a tile")),
      norms_(kMost),
      margins_(checked_product(n_classes, kTileRows, "margins")),
      own_margins_(kMost),
      own_reaches_(kMost),
      undecided_(std::make_unique<bool[]>(n_classes)) {}

void OpenSamples::append(const TestSet& test, std::size_t k, std::size_t row) {
  const double* from = test.samples(k).tile(row / kTileRows) + row % kTileRows;
  for (std::size_t j = 0; j < columns_; ++j) tile_[j * kTileStride + size_] = from[j * kTileStride];
  norms_[size_] = test.norms(k)[row];
  own_classes_[size_] = k;
  ++size_;
}

void OpenSamples::move(std::size_t from, std::size_t to) {
  if (from == to) return;
  for (std::size_t j = 0; j < columns_; ++j)
    tile_[j * kTileStride + to] = tile_[j * kTileStride + from];
  for (std::size_t k = 0; k < n_classes_; ++k)
    margins_[k * kTileRows + to] = margins_[k * kTileRows + from];
  norms_[to] = norms_[from];
  own_classes_[to] = own_classes_[from];
}

void OpenSamples::take_margins(const AlignedVector& weights, std::size_t stride) {
  kernels_.logits(tile_.data(), columns_, weights.data(), n_classes_, stride, padded_rows(size_),
                  margins_.data());
}

kernels::OpenBits OpenSamples::decide(const std::vector<std::size_t>& classes,
                                      const std::vector<double>& reaches, OpenPairs& pairs) {
  for (std::size_t i = 0; i < size_; ++i) {
    own_margins_[i] = margin(i, own_classes_[i]);
    own_reaches_[i] = reaches[own_classes_[i]];
  }
  std::fill_n(undecided_.get(), n_classes_, false);
  const kernels::OpenBits bits = kernels_.decide(
      margins_.data(), classes.data(), classes.size(), reaches.data(), own_margins_.data(),
      own_reaches_.data(), norms_.data(), size_, undecided_.get());
  for (const std::size_t k : classes)
    if (undecided_[k]) pairs.add(k);
  return bits;
}

}  // namespace shapcpp
