// Repeated halving of random orders: the same values as from permutations, with less variance for
// the same work. docs/statistics.md has the reasons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/samplers/composition_control.hpp"
#include "core/samplers/sampler.hpp"

namespace shapcpp {

// Plays both orders of the two halves of each block, and the halves of a block before the block
// itself: the players of one half join the coalition that the other half leaves behind.
class HalvingSampler final : public Sampler {
 public:
  // Stops halving at blocks of at most `leaf` players; a control needs its own leaves.
  explicit HalvingSampler(std::size_t leaf);
  explicit HalvingSampler(CompositionControl control)
      : leaf_(CompositionControl::kLargest), control_(std::move(control)) {}

  // The control variate exists only if every player is one sample; only then does it pay to stop
  // halving at small blocks.
  static HalvingSampler of(const GameFactory& game, std::uint64_t seed,
                           const Checkpoint& checkpoint);
  // The unit of such a sampler.
  static std::int64_t unit_of(std::size_t n_players, std::size_t n_samples);

  // Blocks that hold a half, a quarter, ... of the players, at least 16 by that count: up to four
  // of each level, evenly spaced.
  static VotePlan votes(std::size_t n_players);

  [[nodiscard]] OpenSigns play(Game& game, std::span<const std::int64_t> order, RandomWords words,
                               const Score& grand, Recorder& recorder) const override;
  // The decisions that the control's pilot left open.
  OpenSigns open_beforehand() const override { return control_ ? control_->open() : OpenSigns{}; }
  std::int64_t unit(std::size_t n_players) const override;

 private:
  std::size_t leaf_;
  std::optional<CompositionControl> control_;
};

}  // namespace shapcpp
