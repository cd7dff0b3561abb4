// Counts the test samples that a model of two classes classifies correctly, by products with the
// members where the learner has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/judges/margin_watch.hpp"
#include "core/learners/dual/wide_logistic.hpp"

namespace shapcpp {

// With few members the margins of all test samples cost less than a near set would save: the
// optimum turns far at each join. What products leave open, weights decide one by one, or a fit.
class GramWatch {
 public:
  // Both must outlive the watch.
  GramWatch(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // These work as in MarginWatch.
  void clear() { watch_.clear(); }
  void begin();
  [[nodiscard]] bool decide(const WideScores& scores);
  [[nodiscard]] const OpenPairs& open_pairs() const { return watch_.open_pairs(); }
  void decide_what_can_be(const FittedScores& fitted);
  [[nodiscard]] OpenSigns write(std::span<std::int64_t> correct) const;

 private:
  void look(const DualScores& scores);
  void decide_open(const DualScores& scores);

  // A test sample: a row of its class.
  struct Open {
    std::size_t k;
    std::size_t row;
  };

  const TestSet& test_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  MarginWatch watch_;
  AlignedVector margins_;
  AlignedVector weights_;
  AlignedVector sample_;
  bool by_products_ = false;  // whether the last decision was
  std::vector<std::int64_t> positive_;
  std::vector<Open> open_;
};

}  // namespace shapcpp
