// Repeated halving of random orders: the same values as from permutations, with less variance for
// the same work. docs/statistics.md has the reasons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/data/problem.hpp"
#include "core/run/checkpoint.hpp"
#include "core/samplers/composition_control.hpp"
#include "core/samplers/random_words.hpp"
#include "core/samplers/walk.hpp"

namespace shapcpp {

class Halving {
 public:
  // `problem` must outlive it.
  Halving(const Problem& problem, Method method, std::uint64_t seed, const Checkpoint& checkpoint);

  // What a correct prediction counts in the gains.
  static std::int64_t unit(std::size_t n_players, std::size_t n_samples);

  // Halves `order` with the words that it left, and adds to `gains`, (n_players, n_classes): their
  // mean is the Shapley value times the unit, and per class they add up to the unit times what
  // all players together change. Returns the number of decisions below the rounding floor.
  std::int64_t add(Walk& walk, std::span<const std::int64_t> order, RandomWords words,
                   const Score& everyone, std::span<std::int64_t> gains) const;

 private:
  static std::size_t leaf(std::size_t n_players, std::size_t n_samples);

  std::size_t leaf_;
  std::optional<CompositionControl> control_;
};

}  // namespace shapcpp
