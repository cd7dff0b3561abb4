// One permutation walked: the counts of every coalition along it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/data/problem.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/statistics.hpp"

namespace shapcpp {

// How coalitions are fitted: by the certified path, or each over all its members (the twin).
enum class Method { kCertified, kDense };

// What a coalition scores.
struct Score {
  Counts correct;
  std::int64_t uncertified = 0;
};

class Walk {
 public:
  // `problem` and `checkpoint` must outlive the walk.
  Walk(const Problem& problem, Method method, const Checkpoint& checkpoint);
  ~Walk();

  // The coalition of all samples. Every permutation ends there: computed once, it makes the gains
  // of each permutation add up exactly.
  Score everyone();

  // Fills `path`, (n_players + 1) * n_classes counts, as the players of `order` join. Returns the
  // number of decisions, over all coalitions and test samples, below the rounding floor.
  std::int64_t along(std::span<const std::int64_t> order, const Score& everyone,
                     std::span<std::int64_t> path);
  // The same for the first players of an order, not all of them.
  std::int64_t beginning(std::span<const std::int64_t> order, std::span<std::int64_t> path);
  // One pass of repeated halving over `order`, down to blocks of `leaf` players: adds to `gains`,
  // n_players * n_classes numbers, the estimate of each player's value times
  // `Block::whole(n_players, leaf).share`. Returns as above. docs/statistics.md says why its mean
  // is the Shapley value.
  std::int64_t halving(std::span<const std::int64_t> order, const Score& everyone, std::size_t leaf,
                       std::span<std::int64_t> gains);
  // What the engine did since the walk was made, or since this was last called.
  Statistics take_statistics();

 private:
  class Fitted;
  class Certified;
  class Dense;

  struct Halving;

  std::int64_t score(std::span<std::int64_t> correct);
  void join(std::int64_t player);

  const Problem& problem_;
  const Checkpoint& checkpoint_;
  Statistics statistics_;
  std::unique_ptr<Fitted> fitted_;
};

}  // namespace shapcpp
