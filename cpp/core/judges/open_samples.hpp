// A few test samples of several classes, copied out, whose margins are computed together.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/data/test_set.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp {

class OpenSamples {
 public:
  // As many as a word has bits.
  static constexpr std::size_t kMost = 64;

  OpenSamples(std::size_t columns, std::size_t n_classes, const kernels::Kernels& kernels);

  void clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  // A sample of class k: its row among those of that class.
  void append(const TestSet& test, std::size_t k, std::size_t row);
  // Sample `from` takes the place of sample `to`, not after it, with its margins.
  void move(std::size_t from, std::size_t to);
  // Forgets all but the first samples.
  void shrink(std::size_t size) { size_ = size; }

  // Margins of the classes, whose weights are `stride` numbers each.
  void take_margins(const AlignedVector& weights, std::size_t stride);
  // Decides what margins known up to a class's reach times the norm of a sample decide, between
  // the classes given, and notes those that leave a sample open.
  kernels::OpenBits decide(const std::vector<std::size_t>& classes,
                           const std::vector<double>& reaches, OpenPairs& pairs);

  double margin(std::size_t i, std::size_t k) const { return margins_[k * kernels::kTileRows + i]; }
  double value(std::size_t i, std::size_t j) const { return tile_[j * kernels::kTileStride + i]; }

 private:
  const std::size_t columns_;
  const std::size_t n_classes_;
  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  std::vector<std::size_t> own_classes_;
  AlignedVector tile_;
  AlignedVector norms_;
  AlignedVector margins_;  // class by class
  AlignedVector own_margins_;
  AlignedVector own_reaches_;
  std::unique_ptr<bool[]> undecided_;  // of each class
};

}  // namespace shapcpp
