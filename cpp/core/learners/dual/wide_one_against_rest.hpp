// One logistic regression per class with many features: one coefficient per member while these are
// few for the columns, one weight per column from then on.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "core/learners/dual/dual_differences.hpp"
#include "core/learners/dual/dual_path.hpp"
#include "core/learners/logistic/one_against_rest.hpp"

namespace shapcpp {

// A judge may use products with the members where there are `dual` scores, and has weights anyway.
struct WideClassScores {
  const Scores& weights;
  const DualDifferences* dual;

  operator const Scores&() const { return weights; }  // NOLINT: for predictors
};

// As WideLogistic, with a dual path for each class; these share the members and their products.
class WideOneAgainstRest {
 public:
  using Scores = WideClassScores;
  using Fitted = FittedScores;

  // All must outlive the learner.
  WideOneAgainstRest(const Problem& problem, const Context& context, const Gram& gram);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() { return true; }
  WideClassScores estimate();
  [[nodiscard]] bool refine(const OpenPairs& open);
  void settle(bool decided);
  const FittedScores& fit(const OpenPairs& open);

 private:
  bool has(std::size_t k) const { return dual_members_.class_size(k) > 0; }
  OneAgainstRest& primal();
  void tell_primal();
  std::optional<Eigen::VectorXd> weights_of(std::size_t k) const {
    return has(k) ? paths_[k].weights() : std::nullopt;
  }
  void leave_dual();

  DualMembers dual_members_;
  std::deque<DualPath> paths_;  // of the classes
  DualDifferences differences_;
  const Problem& problem_;
  const Context context_;
  std::optional<OneAgainstRest> primal_;
  bool is_dual_ = true;
  int failures_ = 0;
  std::vector<std::size_t> members_;
  std::size_t told_ = 0;  // members that the primal paths know
};

}  // namespace shapcpp
