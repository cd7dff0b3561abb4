// Counts the test samples that a model of several classes classifies correctly, and never guesses
// which of two classes leads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/judges/open_samples.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// A test sample is correct if its class leads all others, and wrong as soon as one leads its class.
// All margins of a sample are computed together, in single precision; the few samples that this
// leaves open are computed again in double precision.
//
// At a reference all samples were evaluated. While the weights stay near it, those whose margins
// were large cannot turn; the others, the near ones, are evaluated for each coalition. Where most
// would be near, all are evaluated each time.
//
// The class predicted is the smallest that no other one leads, where a tie is no lead.
class PairWatch {
 public:
  // Both must outlive the watch.
  PairWatch(const Problem& problem, const Context& context);
  virtual ~PairWatch() = default;

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

 protected:
  // A test sample: its class, and its row among those of that class.
  struct TestSample {
    std::uint32_t k;
    std::uint32_t row;
  };
  // Fewer open samples than this are computed again in double precision; more are looked at again
  // once the estimate is better, and then this many are asked which classes they are open between.
  static constexpr std::size_t kMany = OpenSamples::kMost;

  // Another way to look at all samples: writes what is correct and what is open. False if there is
  // none for these weights.
  virtual bool look_otherwise() { return false; }
  // Whether it is to be told of the margins of an open sample, for each class, in double precision.
  virtual bool notes_margins() const { return false; }
  virtual void note_margins(const TestSample&, const std::vector<double>&) {}
  // The cost of looking otherwise, as a share of the usual one.
  virtual double cost_of_look() const { return 1; }
  double single_rounding() const;

 private:
  enum class State { kOpen, kCorrect, kWrong };
  // Near samples of one class, copied out, and their norms padded with NaN.
  struct NearSet {
    Tiles<float> samples{0, 0};
    Aligned<float> norms;
    std::vector<std::uint32_t> rows;
  };
  // What is known about a class at a reference, and what was learnt at earlier references.
  struct Limit {
    double limit = 0;  // margins may move by the limits of both classes, relative to |x|
    double moved = 0;  // how far the weights are from the reference, as last computed
    double drift = 0;  // of `moved`, per square root of a coalition
  };

  void take_weights(const Scores& scores);
  bool is_useful();
  bool is_exact() const;
  void open_all();
  void decide_by_reach();
  void decide_by_error(const Scores& scores);
  void note_some();
  void copy_out(std::size_t first, std::size_t count);
  void recall(std::size_t i);
  State evaluate(const Scores& scores, const TestSample& sample);
  void take_margins(const TestSample& sample);
  void settle(const FittedScores& fitted);
  Verdict verdict(const FittedScores& fitted, const Pair& pair, double norm) const;
  double norm_of(const TestSample& sample) const { return test_.norms(sample.k)[sample.row]; }

  void look();
  bool fits_single() const;
  void take_single_weights();
  template <class Bound>
  void take_single_bounds(const Bound& bound);
  template <class Take>
  std::size_t lead(const Tiles<float>& samples, const Aligned<float>& norms, std::size_t place,
                   const Take& take);
  void centre_weights();
  bool measure_moves();
  bool reference_holds();
  void take_reference();
  void leave_out_far_ones();
  void copy_near(std::size_t k);

 protected:
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
  std::vector<double> shares_;        // of the reach, of each class
  double longest_ = 0;                // of the weights of a class
  std::vector<TestSample> open_;
  Counts correct_;

 private:
  std::vector<double> lengths_;  // of the weights of each class
  AlignedVector sample_;
  std::vector<double> margins_;         // of one sample, for each class
  std::vector<std::size_t> undecided_;  // rivals of one sample
  OpenSamples copies_;
  bool copied_ = false;  // whether these are all open samples, in order
  // For the kernels: numbers of the classes that the model has, in order, column by column.
  Aligned<float> single_weights_;
  Aligned<float> single_bounds_;
  std::vector<unsigned short> within_;  // rows of one tile

  // State for the current coalition.
  bool looked_ = false;
  OpenPairs open_pairs_;
  OpenSigns left_;

  // State for the current reference.
  bool has_reference_ = false;
  std::vector<std::size_t> reference_classes_;
  AlignedVector centre_;       // the mean of the classes' weights now,
  AlignedVector centred_;      // what each class has beyond it,
  AlignedVector reference_;    // and had at the reference
  double factor_ = 0;          // brings the weights nearest to the reference
  std::vector<Limit> limits_;  // of each class
  std::vector<NearSet> near_;  // of each class
  Counts far_correct_;
  bool all_near_ = true;
  double growth_ = 0;    // of the near samples, per square root of a coalition; 0: unknown
  double age_ = 0;       // coalitions since the reference was taken
  double most_age_ = 0;  // until the next one
  double rest_ = 0;      // coalitions until the next attempt to leave samples out
};

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
