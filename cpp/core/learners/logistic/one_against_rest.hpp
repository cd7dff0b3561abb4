// One logistic regression per class, that class against the rest: the class predicted is the one
// whose regression has the largest margin.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/learners/logistic/logistic_path.hpp"
#include "core/learners/members.hpp"
#include "core/learners/scores.hpp"

namespace shapcpp {

// The regressions share the members; each has a path of its own, and only those of classes that a
// judge cannot tell apart are refined or fitted. Classes without members have no regression.
class OneAgainstRest {
 public:
  using Scores = shapcpp::Scores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  OneAgainstRest(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() { return true; }
  const Scores& estimate();
  [[nodiscard]] bool refine(const OpenPairs& open);
  // Tells each regression whether it did without a fit.
  void settle(bool decided);
  const FittedScores& fit(const OpenPairs& open);
  // Where the next fit of a class starts, unless estimates are better or it has been fitted.
  void start_from(std::size_t k, const Eigen::VectorXd& weights);
  // Prepares estimates of a class by weights near its optimum, in place of a fit.
  void start_base(std::size_t k, const Eigen::VectorXd& weights) {
    regressions_[k].path->start_base(weights);
  }
  // A fit that prepares no estimates.
  const FittedScores& fit_alone();

 private:
  // The regression of one class.
  struct Regression {
    std::unique_ptr<LogisticPath> path;
    const EstimatedOptimum* estimated = nullptr;
    const FittedOptimum* fitted = nullptr;
    bool tried = false;  // an estimate of this coalition
    // Sizes of the current scores.
    double reach = 0;
    double rounding = 0;
    double length = 0;

    const Optimum& optimum() const;
    double error(const AlignedVector& x, double norm) const;
  };

  class Differences final : public FittedScores {
   public:
    explicit Differences(const OneAgainstRest& learner) : learner_(learner) {}
    bool has(std::size_t k) const override { return learner_.has(k); }
    void write_weights(std::size_t k, std::span<double> weights) const override;
    double length(const Pair& pair) const override;
    double reach(const Pair& pair) const override;
    double share_of_reach(std::size_t k) const override { return learner_.regressions_[k].reach; }
    double error(const Pair& pair, const AlignedVector& x, double norm) const override;
    double rounding(const Pair& pair) const override;
    Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                   double margin) const override;

   private:
    const OneAgainstRest& learner_;
  };

  bool has(std::size_t k) const { return members_.class_size(k) > 0; }
  void fit(std::size_t k);
  void measure(Regression& regression) const;

  Members members_;
  std::vector<Regression> regressions_;
  Differences scores_;
  bool is_estimated_ = false;  // this coalition
};

}  // namespace shapcpp
