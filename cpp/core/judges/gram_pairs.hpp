// Counts the test samples that a model of several classes classifies correctly, by products with
// the members where the learner has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/judges/pair_watch.hpp"
#include "core/learners/dual/wide_one_against_rest.hpp"

namespace shapcpp {

// As GramWatch: all margins of all test samples are sums of the same products. What they leave open
// is decided by better estimates, by products in double precision, or by a fit.
class GramPairs {
 public:
  // Both must outlive the judge.
  GramPairs(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // These work as in PairWatch.
  void clear() { watch_.clear(); }
  void begin();
  [[nodiscard]] bool decide(const WideClassScores& scores);
  [[nodiscard]] const OpenPairs& open_pairs() const;
  void decide_what_can_be(const FittedScores& fitted);
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const;

 private:
  enum class State { kOpen, kCorrect, kWrong };
  // A test sample: a row of its class.
  struct TestSample {
    std::size_t k;
    std::size_t row;
    bool closely = false;  // whether double precision may decide it
  };
  // Margins of a class are within `per_length` times the length of a sample, `per_norm` times its
  // norm and `constant`; `single` is the part of `per_length` that products in double precision
  // spare.
  struct Bound {
    double per_length = 0;
    double per_norm = 0;
    double constant = 0;
    double single = 0;
  };

  bool take_bounds(const DualDifferences& scores);
  void look(const DualDifferences& scores);
  void look_at_class(std::size_t k, const Gram& gram);
  void look_again(const DualDifferences& scores);
  bool is_decided(TestSample& sample, const Gram& gram);
  void look_closely(const DualDifferences& scores);
  void take_margins(const DualDifferences& scores);
  template <class Error>
  State evaluate(std::size_t k, const Error& error) const;
  template <class Error>
  void note(std::size_t k, const Error& error);

  const TestSet& test_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t n_classes_;
  const std::size_t columns_;
  PairWatch watch_;

  // State for the current scores.
  std::vector<std::size_t> classes_;  // those that the model has
  std::vector<Bound> bounds_;         // of each class
  Bound widest_;                      // of any pair
  AlignedVector all_margins_;         // of all test samples, class by class of the model
  std::vector<const double*> factors_;
  AlignedVector products_;       // of one sample with the members
  std::vector<double> margins_;  // of one sample, for each class
  AlignedVector best_;           // of the rivals of one class
  AlignedVector sample_;

  // State for the current coalition.
  bool by_products_ = false;  // whether the last decision was
  bool looked_ = false;
  std::vector<TestSample> open_;
  OpenPairs open_pairs_;
  Counts correct_;
};

}  // namespace shapcpp
