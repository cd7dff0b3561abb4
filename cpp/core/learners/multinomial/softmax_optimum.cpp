#include "core/learners/multinomial/softmax_optimum.hpp"

#include "core/learners/multinomial/softmax_refinement.hpp"

namespace shapcpp {

EstimatedSoftmax::EstimatedSoftmax(const SoftmaxSums& sums, const Arrivals& arrivals,
                                   const ShrinkingMatrix& inverse)
    : SoftmaxScores(sums, arrivals), inverse_(inverse) {}

double EstimatedSoftmax::norm(const Pair& pair, const AlignedVector& x) const {
  const kernels::Kernels& loops = kernels::kernels();
  const std::size_t padded = sums_.padded_dimension();
  const std::size_t leader = arrivals_.place(pair.leader);
  const std::size_t rival = arrivals_.place(pair.rival);
  const auto [first, end] = Contrasts::between(leader, rival);
  pair_.assign(padded, 0.0);
  product_.resize(padded);
  sums_.helmert().write_between(leader, rival, x.data(), pair_.data());
  inverse_.multiply_settled(first, end - first, pair_, product_);
  return (1 + norm_error) *
         std::sqrt(std::max(loops.dot(pair_.data(), product_.data(), padded), 0.0));
}

FittedSoftmax::FittedSoftmax(const SoftmaxSums& sums, const Arrivals& arrivals,
                             const Members& members, const Checkpoint& checkpoint)
    : SoftmaxScores(sums, arrivals), members_(members), checkpoint_(checkpoint) {}

void FittedSoftmax::renew() {
  feature_reach_ = 0;
  refined_.clear();
}

double FittedSoftmax::norm(const Pair& pair, const AlignedVector& x) const {
  Eigen::VectorXd v(root_inverse.cols());
  sums_.helmert().write_pair(arrivals_.place(pair.leader), arrivals_.place(pair.rival),
                             sums_.classes(), x.data(), v.data());
  return (root_inverse.triangularView<Eigen::Lower>() * v).norm();
}

// Weights of two classes differ by up to twice what the residuals of one allow.
Verdict FittedSoftmax::settle(const Pair& pair, const AlignedVector& x, double size,
                              double margin) const {
  if (feature_reach_ == 0) feature_reach_ = 2 * feature_reach(members_);
  double apart = 0;
  for (std::size_t j = 0; j < sums_.columns(); ++j)
    apart += std::abs(x[j] * (of(pair.leader)[j] - of(pair.rival)[j]));
  const double length = norm(pair, x);
  const double width = length * std::max(radius, floor) +
                       2 * (sums_.dot_rounding() * terms(pair, x) + margin_rounding * size);
  return settle_margin(margin, tie_of(width, length, apart, feature_reach_), [&] {
    if (refined_.empty())
      refined_ =
          refine_softmax(sums_, members_, arrivals_, {weights, root_inverse, radius}, checkpoint_);
    const std::size_t columns = sums_.columns();
    const DoubleDouble* leader = refined_.data() + arrivals_.place(pair.leader) * columns;
    const DoubleDouble* rival = refined_.data() + arrivals_.place(pair.rival) * columns;
    DoubleDouble exact;
    for (std::size_t j = 0; j < columns; ++j) exact = exact + (leader[j] + -rival[j]) * x[j];
    return exact.high;
  });
}

}  // namespace shapcpp
