// Logistic regression of two classes with many features: one coefficient per member while these are
// few for the columns, one weight per column from then on.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/learners/dual/dual_path.hpp"
#include "core/learners/logistic/binary_logistic.hpp"

namespace shapcpp {

// A judge may use products with the members where there are `dual` scores, and has weights anyway.
struct WideScores {
  const Scores& weights;
  const DualScores* dual;

  operator const Scores&() const { return weights; }  // NOLINT: for predictors
};

// The primal path takes over where the dual one is no longer worth its cost, or fails again and
// again: ties need fits, which are its own. Until then it knows nothing of the members.
class WideLogistic {
 public:
  using Scores = WideScores;
  using Fitted = FittedScores;

  // All must outlive the learner.
  WideLogistic(const Problem& problem, const Context& context, const Gram& gram);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() { return is_dual_ || primal().may_estimate(); }
  WideScores estimate();
  [[nodiscard]] bool refine(const OpenPairs& open);
  void settle(bool decided);
  const FittedScores& fit(const OpenPairs& open);

 private:
  bool is_weights_turn() const;
  BinaryLogistic& primal();
  void tell_primal();
  void leave_dual();

  DualMembers dual_members_;
  DualPath dual_;
  const Problem& problem_;
  const Context context_;
  const double early_;  // members
  std::optional<BinaryLogistic> primal_;
  bool is_dual_ = true;
  int failures_ = 0;
  std::vector<std::size_t> members_;
  std::size_t told_ = 0;  // members that the primal path knows
};

}  // namespace shapcpp
