// Counts the test samples that a model of several classes classifies correctly, and never guesses
// which of two classes leads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/judges/near_list.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// A test sample is correct if its class leads all others, and wrong as soon as one leads its class:
// only pairs with its own class matter, and for a wrong sample a single pair. At a reference all
// pairs were settled; while the weights stay near it, pairs with large margins cannot turn, and the
// other pairs, the near ones, are evaluated for each coalition. A sample becomes contested when one
// of its near pairs has turned: until the next reference, all its pairs are evaluated.
//
// The class predicted is the smallest that no other one leads, where a tie is no lead.
class PairWatch {
 public:
  // Both must outlive the watch.
  PairWatch(const Problem& problem, const Context& context);

  // Bytes that it allocates at most.
  static double bytes(const RunShape& shape);

  // Forgets the reference, so that a walk does not depend on those before it.
  void clear();
  // A new coalition: nothing is known of its predictions.
  void begin();
  // Decides predictions by an estimate of the coalition's model, if it is good enough to decide
  // most of them. False unless all are decided; some that it could decide may then be left.
  [[nodiscard]] bool decide(const Scores& scores);
  // The pairs between which predictions are undecided.
  [[nodiscard]] const OpenPairs& open_pairs() const { return open_pairs_; }
  // Decides all predictions by a fit: those it leaves open are ties or uncertified.
  void decide_what_can_be(const FittedScores& fitted);
  // Writes the correct predictions of each class.
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const;

  // The twin of `begin` and `decide_what_can_be`, which evaluates every test sample.
  void scan(const FittedScores& fitted);

 private:
  enum class State { kOpen, kCorrect, kWrong };
  // Decides by the reach of the scores alone, or by their error at each sample.
  enum class Closeness { kReach, kError };
  // What is known about a pair at a reference, and what was learnt at earlier references.
  struct Limit {
    double limit = 0;      // pairs whose margin is larger, relative to |x|, cannot turn
    double square = 0;     // squared length of its weights
    double moved = 0;      // distance from the reference, as last computed
    double drift = 0;      // drift of `moved`, per square root of a coalition
    std::size_t near = 0;  // samples
  };

  // Position of the limit and the list of a pair.
  std::size_t index(std::size_t a, std::size_t b) const {
    const auto [low, high] = std::minmax(a, b);
    return low * (2 * n_classes_ - low - 1) / 2 + high - low - 1;
  }
  template <class Take>
  void for_each_pair(const Take& take) const;
  void take_weights(const Scores& scores);
  void subtract(const AlignedVector& weights, std::size_t a, std::size_t b,
                AlignedVector& difference) const;
  bool is_useful(const Scores& scores);
  void look();
  bool fits_single() const;
  bool reference_holds();
  void take_reference();
  void set_limits();
  void examine_class(std::size_t k);
  void examine_tile(std::size_t k, std::size_t t);
  void examine_row(std::size_t k, std::size_t row, std::size_t in_tile);
  void list_rivals(std::size_t k, std::size_t row, std::size_t in_tile);
  void list(const TestSample& sample, std::size_t other, bool leads);
  void look_at_near();
  void doubt(const TestSample& sample);
  void decide_open(const Scores& scores, Closeness closeness);
  State evaluate(const Scores& scores, const TestSample& sample, Closeness closeness);
  void take_margins(const TestSample& sample);
  void settle(const FittedScores& fitted);
  Verdict verdict(const FittedScores& fitted, const Pair& pair, double norm) const;
  double reach(std::size_t a, std::size_t b) const { return reaches_[a * n_classes_ + b]; }
  double norm_of(const TestSample& sample) const { return test_.norms(sample.k)[sample.row]; }

  const TestSet& test_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const std::size_t n_classes_;
  double total_ = 0;  // test samples

  // State for the current scores.
  std::vector<std::size_t> classes_;  // those that the model has
  AlignedVector weights_;             // `stride_` numbers for each class
  double longest_ = 0;                // length of one
  std::vector<double> reaches_;       // of each two classes
  AlignedVector sample_;
  AlignedVector difference_;
  AlignedVector reference_difference_;
  std::vector<double> margins_;  // of one sample, for each class
  Aligned<float> single_weights_;
  std::vector<unsigned short> within_;  // rows of one tile
  AlignedVector tile_margins_;          // of one tile, for each class
  std::vector<double> own_limits_;      // of pairs with the current class

  // State for the current coalition.
  bool looked_ = false;
  std::vector<TestSample> open_;
  OpenPairs open_pairs_;
  Counts correct_;
  OpenSigns left_;
  std::vector<std::vector<std::uint64_t>> doubted_;  // when each sample was last put into `open_`
  std::uint64_t time_ = 0;

  // State for the current reference.
  bool has_reference_ = false;
  std::vector<std::size_t> reference_classes_;
  AlignedVector reference_;
  std::vector<Limit> limits_;   // of each pair
  std::vector<NearList> near_;  // of each pair
  std::vector<std::vector<char>> was_correct_;
  std::vector<std::vector<char>> is_contested_;
  std::vector<TestSample> contested_;
  Counts reference_correct_;  // of those not contested
  std::size_t near_size_ = 0;
  bool lists_near_ = false;
  double age_ = 0;   // coalitions since the reference was taken
  double life_ = 0;  // coalitions that the reference was made for
};

template <class Take>
void PairWatch::for_each_pair(const Take& take) const {
  for (std::size_t i = 0; i < classes_.size(); ++i)
    for (std::size_t j = i + 1; j < classes_.size(); ++j)
      take(Pair{classes_[i], classes_[j]}, index(classes_[i], classes_[j]));
}

// The judge that evaluates every test sample of every coalition.
class PairScan {
 public:
  PairScan(const Problem& problem, const Context& context) : watch_(problem, context) {}
  void clear() { watch_.clear(); }
  void begin() { watch_.begin(); }
  bool decide(const Scores&) { return false; }
  [[nodiscard]] const OpenPairs& open_pairs() const { return watch_.open_pairs(); }
  void decide_what_can_be(const FittedScores& fitted) { watch_.scan(fitted); }
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const {
    return watch_.write(correct);
  }

 private:
  PairWatch watch_;
};

}  // namespace shapcpp
