#include <Eigen/Core>
#include <algorithm>

#include "core/learners/logistic/optimum.hpp"
#include "core/learners/logistic/refinement.hpp"

namespace shapcpp {
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

Tie FittedOptimum::tie(const AlignedVector& x, double size, double scale) const {
  if (feature_reach_ == 0) feature_reach_ = feature_reach(members_.members());
  const double length = norm(x);
  const double width =
      length * std::max(radius, floor) + 2 * (dot_rounding * terms(x) + margin_rounding * size);
  return tie_of(width, length, scale, feature_reach_);
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
