// Test samples near the boundary between two classes, copied out in single precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/data/test_set.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp {

// A test sample: its class, and its row among those of that class.
struct TestSample {
  std::uint32_t k;
  std::uint32_t row;
};

// Samples are turned so that their margins are positive as long as the same class leads.
class NearList {
 public:
  void clear();
  // Adds a sample, multiplied by `sign`.
  void append(const TestSet& test, const TestSample& sample, double sign);
  // Called after the last sample was added.
  void close();

  std::size_t size() const { return rows_.size(); }
  // Evaluates all samples: calls doubtful(sample) if the margin lies within norm * bound. A sample
  // whose margin is negative beyond that has turned: it, and any other negative one of its tile, is
  // passed to turned(sample) and dropped for good.
  template <class Doubtful, class Turned>
  void look(const kernels::Kernels& loops, const Aligned<float>& weights, float bound,
            std::vector<unsigned short>& within, const Doubtful& doubtful, const Turned& turned);

 private:
  double margin(std::size_t i, const Aligned<float>& weights) const;

  std::size_t columns_ = 0;
  std::size_t capacity_ = 0;
  Tiles<float> samples_{0, 0};
  Aligned<float> norms_;  // NaN where a sample is left out
  std::vector<TestSample> rows_;
  std::vector<std::size_t> live_;  // of each tile
};

template <class Doubtful, class Turned>
void NearList::look(const kernels::Kernels& loops, const Aligned<float>& weights, float bound,
                    std::vector<unsigned short>& within, const Doubtful& doubtful,
                    const Turned& turned) {
  using kernels::kTileRows;
  for (std::size_t t = 0; t < samples_.tile_count(); ++t) {
    const std::size_t first = t * kTileRows;
    const std::size_t rows = samples_.rows_in(t);
    std::size_t count = 0;
    const std::size_t positive =
        loops.look(samples_.tile(t), columns_, weights.data(), norms_.data() + first, bound,
                   padded_rows(rows), &count, within.data());
    for (std::size_t i = 0; i < count; ++i) doubtful(rows_[first + within[i]]);
    if (positive + count == live_[t]) continue;
    for (std::size_t i = first; i < first + rows; ++i) {
      if (!(margin(i, weights) < 0 && norms_[i] >= 0)) continue;
      norms_[i] = std::numeric_limits<float>::quiet_NaN();
      --live_[t];
      turned(rows_[i]);
    }
  }
}

}  // namespace shapcpp
