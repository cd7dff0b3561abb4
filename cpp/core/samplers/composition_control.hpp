// A control variate for small coalitions: a game that depends only on the number of members of each
// class, and whose Shapley values are known. docs/statistics.md has the reasons.
//
// In that game the correct predictions of a class depend on two numbers: with two classes, the
// members of each; with more, the members of that class and of all others.
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
  // Size of the largest coalitions for which the game has counts.
  static constexpr std::size_t kLargest = 16;

  // Takes the counts of its game from the first joins of permutations of `game` that no run plays.
  // The game must know the classes of its players.
  CompositionControl(const GameFactory& game, std::uint64_t seed, const Checkpoint& checkpoint);

  // Adjusts the changes of the players of `block`, leaf by leaf, by their values in the control's
  // game minus their changes in it when they join in `order`: integers of mean zero over orders and
  // words, whose sum over the players of a leaf is zero.
  void adjust(std::span<const std::int64_t> order, const Block& block, RandomWords& words,
              Recorder& recorder) const;

  // Decisions that the pilot left open.
  const OpenSigns& open() const { return open_; }
  std::size_t n_players() const { return classes_.size(); }
  std::size_t n_classes() const { return n_classes_; }
  // Correct predictions of class k in the game, with `a` and `b` members of the two sides.
  std::int64_t count(std::size_t a, std::size_t b, std::size_t k) const {
    return counts_[cell(a, b, k)];
  }

 private:
  static constexpr std::size_t kSides = 2;
  static constexpr std::size_t kLengths = kLargest + 1;  // that a side can have: 0 .. kLargest
  using Table = std::vector<std::int64_t>;
  using Sizes = std::array<std::size_t, kSides>;

  std::size_t cell(std::size_t a, std::size_t b, std::size_t k) const {
    return (a * kLengths + b) * n_classes_ + k;
  }
  // The side of a member of class c, where predictions of class k are counted.
  std::size_t side(std::size_t k, std::size_t c) const {
    return n_classes_ == 2 ? c : (c == k ? 0 : 1);
  }
  void set_counts_of_one_class(Game& game);
  void set_counts(const Table& sums, const Table& seen);
  void set_values();
  std::array<std::int64_t, kSides> due_to_sides(const Sizes& sizes, std::size_t k,
                                                RandomWords& words) const;
  void adjust_leaf(std::span<const std::int64_t> players, std::int64_t share, RandomWords& words,
                   Recorder& recorder) const;
  std::size_t class_of(std::int64_t player) const {
    return classes_[static_cast<std::size_t>(player)];
  }

  std::vector<std::size_t> classes_;
  std::size_t n_classes_;
  OpenSigns open_;
  Table counts_;
  Table values_;  // of a member of side 0, in fractions of lcm(1, ..., kLargest)
};

}  // namespace shapcpp
