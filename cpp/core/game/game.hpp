// A game of coalitions, as samplers play it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/run/context.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/prediction.hpp"

namespace shapcpp {

// The score of a coalition: one integer per class, test sample or whatever else a game counts.
struct Score {
  std::vector<std::int64_t> values;
  OpenSigns open;
};

// The shape of predictions: a coalition predicts one of `classes` for each of `samples` outside it.
struct Predicted {
  std::size_t samples = 0;
  std::size_t classes = 0;

  bool operator==(const Predicted&) const = default;
};

// One growing coalition and its score. Each thread plays a game of its own.
class Game {
 public:
  virtual ~Game() = default;

  virtual std::size_t n_players() const = 0;
  // Integers in a score.
  virtual std::size_t width() const = 0;

  // Returns to the empty coalition, where every game begins. Scores must not depend on earlier
  // play, nor on the order in which players joined.
  virtual void clear() = 0;
  virtual void join(std::int64_t player) = 0;
  // Writes the score of the coalition, `width()` integers.
  [[nodiscard]] virtual OpenSigns score(std::span<std::int64_t> values) = 0;

  // If the factory has samples, writes the coalition's prediction for each sample outside it, and
  // kNoPrediction elsewhere.
  virtual void vote(std::span<Prediction>) {}

  // The player will join soon: a chance to prefetch.
  virtual void expect(std::int64_t) const {}
};

// Makes games that play alike, one for each thread; shared by all of them.
class GameFactory {
 public:
  virtual ~GameFactory() = default;
  virtual std::size_t n_players() const = 0;
  virtual std::size_t width() const = 0;
  virtual std::unique_ptr<Game> make(const Context& context) const = 0;
  // Empty if coalitions predict nothing.
  virtual Predicted predicted() const { return {}; }
  // The class of each player, if each is one sample and scores count classes; else empty.
  virtual std::vector<std::size_t> player_classes() const { return {}; }
};

// The score of the coalition of all players. Every order of joining ends there: computed once, it
// makes the gains of each order add up exactly.
[[nodiscard]] Score grand_coalition(Game& game);

}  // namespace shapcpp
