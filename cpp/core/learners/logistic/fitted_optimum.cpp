#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/logistic/optimum.hpp"
#include "core/learners/logistic/refinement.hpp"

namespace shapcpp {
namespace {

using kernels::kTileStride;

// A tie is narrow against the sum of the margin's terms, or both against the margin's standard
// error |x|_{H^-1} and against all that features can add to a margin.
constexpr double kTieOfTerms = 1e-9;
constexpr double kTieOfError = 1e-6;
constexpr double kTieOfFeatures = 1e-7;

// Bound on what the features add to the margin of a sample no larger than the members. The
// residuals balance the penalty at the optimum, so |w_j| is at most the sum of a_i |x_ij| over
// L_jj. Infinite where no feature of the members varies: margins are then those of the classes'
// sizes alone.
double feature_reach(const Coalition& members, const TrainingSet& training) {
  const SampleTiles& samples = members.samples();
  double reach = 0;
  for (std::size_t j = 0; j < training.columns(); ++j) {
    const double penalty = training.penalty()[static_cast<Eigen::Index>(j)];
    if (penalty == 0) continue;  // the intercept
    double largest = 0;
    for (std::size_t t = 0; t < samples.tile_count(); ++t)
      for (std::size_t i = 0; i < samples.rows_in(t); ++i)
        largest = std::max(largest, std::abs(samples.tile(t)[j * kTileStride + i]));
    reach += members.total_weight() * largest * largest / penalty;
  }
  return reach > 0 ? reach : std::numeric_limits<double>::infinity();
}

}  // namespace

FittedOptimum::FittedOptimum(const Problem& problem, const Coalition& members,
                             const Checkpoint& checkpoint)
    : training_(problem.training()), members_(members), checkpoint_(checkpoint) {
  dot_rounding = (static_cast<double>(problem.columns()) + 4) * kRounding;
}

double FittedOptimum::norm(const AlignedVector& x) const {
  const Eigen::Map<const Eigen::VectorXd> sample(x.data(), weights.size());
  return (root_inverse * sample).norm();
}

void FittedOptimum::renew() {
  feature_reach_ = 0;
  refined_.clear();
}

Tie FittedOptimum::tie(const AlignedVector& x, double size) const {
  if (feature_reach_ == 0) feature_reach_ = feature_reach(members_, training_);
  const double length = norm(x);
  const double sum = terms(x);
  return {
      length * std::max(radius, floor) + 2 * (dot_rounding * sum + margin_rounding * size),
      kTieOfTerms * sum + std::min(kTieOfError * length, kTieOfFeatures * feature_reach_),
  };
}

DoubleDouble FittedOptimum::exact_margin(const AlignedVector& x) const {
  if (refined_.empty())
    refined_ = refine(training_, members_, {weights, root_inverse, radius}, checkpoint_);
  DoubleDouble margin;
  for (std::size_t j = 0; j < refined_.size(); ++j) margin = margin + refined_[j] * x[j];
  return margin;
}

Verdict FittedOptimum::settle(const Pair& pair, const AlignedVector& x, double size,
                              double margin) const {
  const double sign = pair.leader == 1 ? 1 : -1;
  return settle_margin(margin, tie(x, size), [&] { return sign * exact_margin(x).high; });
}

}  // namespace shapcpp
