// A learner that fits every coalition, whatever it could know without a fit.
#pragma once

#include <cstddef>

#include "core/data/problem.hpp"
#include "core/learners/learner.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

template <EstimatingLearner L>
class Refitted {
 public:
  using Scores = typename L::Scores;
  using Fitted = typename L::Fitted;

  // Both must outlive the learner.
  Refitted(const Problem& problem, const Context& context) : learner_(problem, context) {}

  void clear() { learner_.clear(); }
  void join(std::size_t i) { learner_.join(i); }
  const Fitted& fit(const OpenPairs& open) { return learner_.fit(open); }

 private:
  L learner_;
};

}  // namespace shapcpp
