// How a random order becomes an estimate of every player's value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/game/game.hpp"
#include "core/recorders/recorder.hpp"
#include "core/samplers/random_words.hpp"
#include "core/samplers/vote_plan.hpp"

namespace shapcpp {

// Prefetch players this many joins ahead: their samples and sums are scattered over memory.
inline constexpr std::size_t kPrefetchDistance = 4;

// Shared by all threads: plays whatever game it is given.
class Sampler {
 public:
  virtual ~Sampler() = default;

  // Plays `game` along the permutation `order` of its players and tells `recorder` about each join,
  // of which a player may have several. Averaged over orders and words, a player's changes times
  // their shares are its Shapley value times `unit()`; in each permutation they add up to `unit()`
  // times the change by all players together. `words` are those that follow the ones that `order`
  // was made of, `grand` is the game's `grand_coalition`. Returns the decisions left open.
  [[nodiscard]] virtual OpenSigns play(Game& game, std::span<const std::int64_t> order,
                                       RandomWords words, const Score& grand,
                                       Recorder& recorder) const = 0;
  // Decisions left open before any order was played; they count once, with permutation 0.
  virtual OpenSigns open_beforehand() const { return {}; }
  // The weight of a change in score by one in a player's sum.
  virtual std::int64_t unit(std::size_t n_players) const = 0;
};

}  // namespace shapcpp
