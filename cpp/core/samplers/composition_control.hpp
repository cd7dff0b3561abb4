// A control variate of small coalitions: the game that looks at nothing but how many members of
// each class there are, and whose Shapley values are known. docs/statistics.md has the reasons.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/game/game.hpp"
#include "core/recorders/recorder.hpp"
#include "core/run/checkpoint.hpp"
#include "core/samplers/block.hpp"
#include "core/samplers/random_words.hpp"

namespace shapcpp {

class CompositionControl {
 public:
  // Members of the largest coalitions that the game has counts for.
  static constexpr std::size_t kLargest = 16;

  // Takes the counts of its game from the first joins of permutations of `game` that no run plays.
  // The game must know the classes of its players.
  CompositionControl(const GameFactory& game, std::uint64_t seed, const Checkpoint& checkpoint);

  // Adjusts the changes of the players of `block`, leaf by leaf, by what they are worth in the
  // control's game less what they change in it as they join in `order`: integers of mean zero over
  // orders and words, whose sum over the players of a leaf is zero.
  void adjust(std::span<const std::int64_t> order, const Block& block, RandomWords& words,
              Recorder& recorder) const;

  // Decisions that the pilot left open.
  const OpenSigns& open() const { return open_; }
  std::size_t n_players() const { return classes_.size(); }
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
  void set_counts_of_one_class(Game& game);
  void set_counts(std::span<const std::int64_t> sums, std::span<const std::int64_t> seen);
  void set_values();
  std::array<std::int64_t, kClasses> due_to_classes(const std::array<std::size_t, kClasses>& sizes,
                                                    std::size_t k, RandomWords& words) const;
  void adjust_leaf(std::span<const std::int64_t> players, std::int64_t share, RandomWords& words,
                   Recorder& recorder) const;
  std::size_t class_of(std::int64_t player) const {
    return classes_[static_cast<std::size_t>(player)];
  }

  std::vector<std::size_t> classes_;
  OpenSigns open_;
  Table counts_{};
  Table values_{};  // of a member of class 0, in fractions of lcm(1, ..., kLargest)
};

}  // namespace shapcpp
