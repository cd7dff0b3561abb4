// Games whose Shapley values are known in closed form. A new game is one such class.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/game/game.hpp"

namespace shapcpp::tests {

using Integers = std::vector<std::int64_t>;

// A runway costs what the largest of its planes needs (Littlechild and Owen, 1973).
class AirportGame final : public Game {
 public:
  explicit AirportGame(const Integers& costs) : costs_(costs) {}
  std::size_t n_players() const override { return costs_.size(); }
  std::size_t width() const override { return 1; }
  void clear() override { largest_ = 0; }
  void join(std::int64_t player) override {
    largest_ = std::max(largest_, costs_[static_cast<std::size_t>(player)]);
  }
  [[nodiscard]] OpenSigns score(std::span<std::int64_t> values) override {
    values[0] = largest_;
    return {};
  }

 private:
  const Integers& costs_;
  std::int64_t largest_ = 0;
};

// Scores only the numbers a and b of members of the two classes: (a + 1) b and 3 a.
class CompositionGame final : public Game {
 public:
  explicit CompositionGame(const Integers& classes) : classes_(classes) {}
  std::size_t n_players() const override { return classes_.size(); }
  std::size_t width() const override { return 2; }
  void clear() override { a_ = b_ = 0; }
  void join(std::int64_t player) override {
    ++(classes_[static_cast<std::size_t>(player)] == 0 ? a_ : b_);
  }
  [[nodiscard]] OpenSigns score(std::span<std::int64_t> values) override {
    values[0] = b_ > 0 ? (a_ + 1) * b_ : 0;
    values[1] = 3 * a_;
    return {.uncertified = a_ == 1 && b_ == 1 ? 1 : 0};
  }

 private:
  const Integers& classes_;
  std::int64_t a_ = 0;
  std::int64_t b_ = 0;
};

// Makes games of a vector with one number per player.
template <class G>
class Maker final : public GameFactory {
 public:
  explicit Maker(Integers players) : players_(std::move(players)) {}
  std::size_t n_players() const override { return players_.size(); }
  std::size_t width() const override { return G(players_).width(); }
  std::unique_ptr<Game> make(const Context&) const override {
    return std::make_unique<G>(players_);
  }
  std::vector<std::size_t> player_classes() const override {
    if (width() != 2) return {};
    return {players_.begin(), players_.end()};
  }

 private:
  Integers players_;
};

// Shapley values times `common`, a multiple of the numbers of planes that share a stretch.
inline Integers airport_values(const Integers& costs, std::int64_t common) {
  Integers values(costs.size());
  for (std::size_t i = 0; i < costs.size(); ++i)
    for (std::int64_t level = 1; level <= costs[i]; ++level)
      values[i] += common / std::count_if(costs.begin(), costs.end(),
                                          [level](std::int64_t cost) { return cost >= level; });
  return values;
}

}  // namespace shapcpp::tests
