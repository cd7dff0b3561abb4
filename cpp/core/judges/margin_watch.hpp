// Counts the test samples that a model of two classes classifies correctly, and never guesses a
// sign.
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
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Evaluates only test samples whose prediction can have changed. At a reference direction v, all
// margins were computed; while the true weights stay within an angle of v, every sample whose |x.v|
// / (|x| |v|) exceeds the sine of that angle keeps its sign at v. The other samples, the near set,
// are evaluated for each coalition; those that stay open are evaluated again with a better
// estimate.
class MarginWatch {
 public:
  // Both must outlive the watch.
  MarginWatch(const Problem& problem, const Context& context);

  // Bytes that it allocates if every test sample is near.
  static double bytes(const RunShape& shape);

  // Forgets the reference, so that a walk does not depend on those before it.
  void clear();

  // A new coalition: nothing is known of its signs.
  void begin() {
    looked_ = false;
    left_ = {};
  }
  // Decides signs by this estimate of the coalition's model, if it is good enough to decide most of
  // them. False unless all are decided; some that it could decide may then be left.
  [[nodiscard]] bool decide(const Scores& scores) {
    measure(scores);
    return could_decide() && look(scores);
  }
  // The only pair.
  [[nodiscard]] const OpenPairs& open_pairs() const { return pairs_; }
  // Decides all signs by a fit: those it leaves open are ties or uncertified.
  void decide_what_can_be(const FittedScores& fitted);
  // Writes the correct predictions of each class: class 1 where a margin is positive, class 0 where
  // it is negative or open.
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const;

  // The twin of `begin` and `decide_what_can_be`, which evaluates every test sample.
  void scan(const FittedScores& fitted);

 private:
  // Samples of one class in single precision, and their norms padded with NaN, which is neither
  // within a bound nor beyond it.
  struct NearSet {
    Tiles<float> samples;
    Aligned<float> norms;
    std::vector<std::uint32_t> rows;  // of the test samples of that class
    std::size_t far_positive = 0;     // of the samples left out
    std::size_t positive = 0;         // of those decided
    std::vector<std::size_t> open;    // rows of the others
  };

  // Decides by the reach of the scores alone, or by their error at each sample.
  enum class Closeness { kReach, kError };

  void measure(const Scores& scores);
  bool could_decide() const;
  bool look(const Scores& scores);
  void take_weights(const Scores& scores);
  bool fits_single() const;
  bool far_is_safe(double rounding);
  void take_reference();
  std::size_t split(std::size_t k);
  void copy_near(std::size_t k);
  void examine(std::size_t k);
  void examine_near(std::size_t k);
  void decide_open(const Scores& scores, Closeness closeness);
  std::size_t open() const;
  void take_sample(std::size_t k, std::size_t row);
  void settle(const FittedScores& fitted);

  const TestSet& test_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  AlignedVector margins_;               // of one tile
  std::vector<unsigned short> within_;  // rows of one tile
  bool forwards_ = true;
  AlignedVector sample_;
  AlignedVector weights_;  // of the scores looked at
  Aligned<float> single_weights_;
  double reach_ = 0;   // of the scores
  double length_ = 0;  // of their weights
  const OpenPairs pairs_;
  std::vector<NearSet> near_;
  bool looked_ = false;
  OpenSigns left_;         // of the coalition, once settled
  bool all_near_ = false;  // the near sets are not copied out

  AlignedVector reference_;  // of length 1
  double limit_ = 0;         // samples whose ratio is at most this are near; 0: no reference
  std::size_t near_size_ = 0;
  double age_ = 0;  // coalitions since the reference was taken
  double most_age_ = 0;
  double moved_ = 0;  // sine of the angle from the reference, as last computed
  double drift_ = 0;  // drift of `moved_`, per square root of a coalition
};

// The judge that evaluates every test sample of every coalition.
class MarginScan {
 public:
  MarginScan(const Problem& problem, const Context& context) : watch_(problem, context) {}
  void clear() { watch_.clear(); }
  void begin() { watch_.begin(); }
  bool decide(const Scores&) { return false; }
  [[nodiscard]] const OpenPairs& open_pairs() const { return watch_.open_pairs(); }
  void decide_what_can_be(const FittedScores& fitted) { watch_.scan(fitted); }
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const {
    return watch_.write(correct);
  }

 private:
  MarginWatch watch_;
};

}  // namespace shapcpp
