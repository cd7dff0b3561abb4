// Players join one after another, in the order of a permutation.
#pragma once

#include "core/samplers/sampler.hpp"

namespace shapcpp {

class PermutationSampler final : public Sampler {
 public:
  [[nodiscard]] OpenSigns play(Game& game, std::span<const std::int64_t> order, RandomWords words,
                               const Score& grand, Recorder& recorder) const override;
  std::int64_t unit(std::size_t) const override { return 1; }

  // Coalitions of 16, 32, 64, ... players, and of all but one.
  static VotePlan votes(std::size_t n_players);

  // Plays only the first `joins` players of an order, fewer than all.
  [[nodiscard]] static OpenSigns play_beginning(Game& game, std::span<const std::int64_t> order,
                                                std::size_t joins, Recorder& recorder);
};

}  // namespace shapcpp
