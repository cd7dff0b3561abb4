// The optimum as samples join, each refitted over all members: the twin of logistic_path.
#pragma once

#include <cstddef>

#include "core/learners/logistic/coalition.hpp"
#include "core/learners/logistic/newton.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

class DensePath {
 public:
  using Scores = shapcpp::Scores;
  using Fitted = FittedScores;

  // All must outlive the path.
  DensePath(const Problem& problem, const Context& context);

  // Returns to the empty coalition.
  void clear();
  void join(std::size_t i);
  // The optimum of the members; throws what Newton::fit throws.
  const FittedOptimum& fit(const OpenPairs&) { return newton_.fit(); }

 private:
  Members members_;
  Coalition coalition_;
  Newton newton_;
  const Eigen::VectorXd zero_;
};

}  // namespace shapcpp
