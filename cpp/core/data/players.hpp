// Who plays: each player brings one sample or more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/run/run_shape.hpp"

namespace shapcpp {

class Players {
 public:
  // Takes the player of each sample: 0 .. size() - 1, each at least once. Throws
  // std::invalid_argument.
  explicit Players(std::span<const std::int64_t> player_of_sample);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  std::size_t size() const { return first_sample_.size() - 1; }
  std::span<const std::size_t> samples(std::size_t player) const {
    return std::span(samples_).subspan(first_sample_[player],
                                       first_sample_[player + 1] - first_sample_[player]);
  }

 private:
  std::vector<std::size_t> samples_;
  std::vector<std::size_t> first_sample_;
};

}  // namespace shapcpp
