// Predicts the training samples outside a coalition, and never guesses which of two classes leads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/prediction.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Evaluates all of them, since few coalitions vote: in single precision first, then those that stay
// open with better estimates. The class predicted is the smallest that no other one leads, where a
// tie is no lead.
class TrainingPredictions {
 public:
  // Both must outlive it.
  TrainingPredictions(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // A new coalition: `ballot`, one entry per training sample, holds kNoPrediction for its members
  // and takes the predictions of the others. It must last until they are decided.
  void begin(std::span<Prediction> ballot);
  // These work as in a judge.
  [[nodiscard]] bool decide(const Scores& scores);
  [[nodiscard]] const OpenPairs& open_pairs() const { return open_pairs_; }
  // Decides all predictions, and counts those that are ties or uncertified.
  [[nodiscard]] OpenSigns decide_what_can_be(const FittedScores& fitted);

  // The twin of `decide_what_can_be`, which uses only the error at each sample.
  [[nodiscard]] OpenSigns scan(const FittedScores& fitted);

 private:
  // Decides by the reach of the scores alone, or by their error at each sample.
  enum class Closeness { kReach, kError };

  void take_weights(const Scores& scores);
  bool is_useful(const Scores& scores);
  bool fits_single() const;
  void look(const Scores& scores);
  void open_all();
  void set_bounds(const Scores& scores);
  void examine();
  void rank(std::size_t t);
  bool leads_all(std::size_t row, std::size_t in_tile) const;
  void decide_open(const Scores& scores, Closeness closeness);
  bool decides(const Scores& scores, std::size_t row, Closeness closeness);
  std::size_t take_margins(std::size_t row);
  OpenSigns settle(const FittedScores& fitted);
  double reach(std::size_t a, std::size_t b) const { return reaches_[a * n_classes_ + b]; }

  const TrainingSet& training_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const std::size_t n_classes_;
  Tiles<float> samples_;
  Aligned<float> norms_;
  double largest_norm_ = 0;

  // State for the current scores.
  std::vector<std::size_t> classes_;  // those that the model has
  AlignedVector weights_;             // `stride_` numbers for each class
  double longest_ = 0;                // length of one
  std::vector<double> reaches_;       // of each two classes
  // Weights and bounds of the leads over the first class of the model.
  Aligned<float> single_weights_;  // `columns_` numbers for each class
  std::vector<double> lengths_;
  std::vector<float> bounds_;        // of each two classes, on margins relative to |x|
  float widest_ = 0;                 // of the bounds
  Aligned<float> tile_margins_;      // of one tile, for each class but the first
  Aligned<float> best_;              // of one tile: the largest margin,
  Aligned<float> next_;              // the one after it,
  Aligned<float> leads_;             // by how much the first leads,
  std::vector<Prediction> leaders_;  // and whose it is
  AlignedVector sample_;
  std::vector<double> margins_;  // of one sample, for each class

  // State for the current coalition.
  std::span<Prediction> ballot_;
  std::size_t outside_ = 0;  // samples
  bool looked_ = false;
  std::vector<std::uint32_t> open_;  // rows
  OpenPairs open_pairs_;
};

// The predictor that uses the error at each sample of every coalition.
class TrainingScan {
 public:
  TrainingScan(const Problem& problem, const Context& context) : predictions_(problem, context) {}
  void begin(std::span<Prediction> ballot) { predictions_.begin(ballot); }
  bool decide(const Scores&) { return false; }
  [[nodiscard]] const OpenPairs& open_pairs() const { return predictions_.open_pairs(); }
  [[nodiscard]] OpenSigns decide_what_can_be(const FittedScores& fitted) {
    return predictions_.scan(fitted);
  }

 private:
  TrainingPredictions predictions_;
};

}  // namespace shapcpp
