// The judge of models whose classes all move along one direction when a sample joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/judges/pair_watch.hpp"

namespace shapcpp {

// A pair watch that keeps the margins of all classes at all test samples, in single precision,
// while the weights move by such steps: one product for each sample and step serves all classes.
// The error that this adds up is bounded, and margins are computed anew before it decides too
// little. Lemma 28 of docs/engine.md has the bound.
class SteppedWatch final : public PairWatch {
 public:
  // Both must outlive the watch.
  SteppedWatch(const Problem& problem, const Context& context);

  // Bytes that it allocates at most.
  static double bytes(const RunShape& shape);

  void clear();
  [[nodiscard]] bool decide(const SteppedScores& scores);

 private:
  bool look_otherwise() override;
  double cost_of_look() const override;
  bool fits(double length) const;
  void compute_margins();
  bool take_step();
  void advance();
  float reach() const;

  // Of the test samples of each class: tile by tile, the margins of the classes in `followed_`.
  std::vector<Aligned<float>> margins_;
  std::vector<std::size_t> followed_;
  const CommonStep* step_ = nullptr;  // the last, while an estimate is looked at
  std::int64_t number_ = 0;           // of the weights last looked at
  bool holds_ = false;                // whether the margins are those of these weights
  double error_ = 0;                  // of all margins, relative to |x|
  Aligned<float> vector_;             // weights of a class, or a direction
  Aligned<float> lengths_;            // of the step, of each class followed
  Aligned<float> products_;           // of the direction with the samples of a tile
  std::vector<unsigned short> within_;
};

}  // namespace shapcpp
