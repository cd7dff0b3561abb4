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
    if (are_samples_) return std::span(samples_).subspan(player, 1);
    return std::span(samples_).subspan(first_sample_[player],
                                       first_sample_[player + 1] - first_sample_[player]);
  }
  // Prefetches the player's samples' numbers; returns the first of them, without waiting for memory
  // if players are samples.
  std::size_t prefetch(std::size_t player) const {
    if (!are_samples_) return samples(player).front();
    __builtin_prefetch(samples_.data() + player);
    return player;
  }

 private:
  std::vector<std::size_t> samples_;
  std::vector<std::size_t> first_sample_;
  bool are_samples_;  // whether each player is the sample of the same number
};

}  // namespace shapcpp
