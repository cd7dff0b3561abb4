// A control variate of small coalitions: the game that looks at nothing but how many members of
// each class there are, and whose Shapley values are known. docs/statistics.md has the reasons.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/data/problem.hpp"
#include "core/run/checkpoint.hpp"
#include "core/samplers/block.hpp"
#include "core/samplers/random_words.hpp"
#include "core/samplers/walk.hpp"

namespace shapcpp {

class CompositionControl {
 public:
  // Members of the largest coalitions that the game has counts for.
  static constexpr std::size_t kLargest = 16;

  // Counts of the game from the first joins of permutations that no run walks. Every player must be
  // one sample. `problem` must outlive the control.
  CompositionControl(const Problem& problem, Method method, std::uint64_t seed,
                     const Checkpoint& checkpoint);

  // Adds to `gains`, (n_players, n_classes), for every leaf of `block` what its players are worth
  // in the game less what they change in it as they join in `order`: integers of mean zero over
  // orders and words, whose sum over the players of a leaf is zero.
  void add(std::span<const std::int64_t> order, const Block& block, RandomWords& words,
           std::span<std::int64_t> gains) const;

  // Decisions of the pilot below the rounding floor.
  std::int64_t uncertified() const { return uncertified_; }
  std::size_t n_players() const { return problem_.n_players(); }
  // Correct predictions of class k in the game, of `a` and `b` members of the classes.
  std::int64_t count(std::size_t a, std::size_t b, std::size_t k) const {
    return counts_[cell(a, b, k)];
  }

 private:
  static constexpr std::size_t kClasses = 2;
  static constexpr std::size_t kSide = kLargest + 1;
  using Table = std::array<std::int64_t, kSide * kSide * kClasses>;

  static constexpr std::size_t cell(std::size_t a, std::size_t b, std::size_t k) {
    return (a * kSide + b) * kClasses + k;
  }
  void set_counts(std::span<const std::int64_t> sums, std::span<const std::int64_t> seen);
  void set_values();
  void add_to_leaf(std::span<const std::int64_t> players, std::int64_t share, RandomWords& words,
                   std::span<std::int64_t> gains) const;
  std::size_t class_of(std::int64_t player) const {
    return problem_.class_of(problem_.members(static_cast<std::size_t>(player)).front());
  }

  const Problem& problem_;
  std::int64_t uncertified_ = 0;
  Table counts_{};
  Table values_{};  // of a member of class 0, in fractions of lcm(1, ..., kLargest)
};

}  // namespace shapcpp
