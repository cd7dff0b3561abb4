// Logistic regression of two classes, by the certified path between fits.
#pragma once

#include <cstddef>

#include "core/learners/logistic/logistic_path.hpp"

namespace shapcpp {

class BinaryLogistic {
 public:
  using Scores = shapcpp::Scores;
  using Fitted = FittedScores;

  // All must outlive the learner.
  BinaryLogistic(const Problem& problem, const Context& context)
      : members_(problem.training(), problem.n_classes()), path_(problem, members_, 1, context) {}

  // Bytes that it allocates.
  static double bytes(const RunShape& shape) {
    return Members::bytes(shape) + LogisticPath::bytes(shape);
  }

  void clear() {
    members_.clear();
    path_.clear();
  }
  void join(std::size_t i) {
    members_.add(i);
    path_.join(i);
  }
  // Where the next fit starts, unless estimates are better.
  void start_from(const Eigen::VectorXd& weights) { path_.start_from(weights); }
  // Prepares estimates by weights near the optimum, in place of a fit.
  void start_base(const Eigen::VectorXd& weights) { path_.start_base(weights); }
  // A fit that prepares no estimates.
  const FittedOptimum& fit_alone() { return path_.fit(false); }
  [[nodiscard]] bool may_estimate() { return path_.may_estimate(); }
  const EstimatedOptimum& estimate() { return path_.estimate(); }
  [[nodiscard]] bool refine(const OpenPairs&) { return path_.refine(); }
  void settle(bool decided) { path_.settle(decided); }
  const FittedOptimum& fit(const OpenPairs&) { return path_.fit(); }

 private:
  Members members_;
  LogisticPath path_;
};

}  // namespace shapcpp
