// A multinomial optimum beyond double precision, for the few margins at the edge of a tie.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/learners/members.hpp"
#include "core/learners/multinomial/arrivals.hpp"
#include "core/learners/multinomial/softmax_sums.hpp"
#include "core/numerics/double_double.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// The result of a fit: weights, a matrix R with |v|_{H^-1} = |R v|, and the radius.
struct SoftmaxStart {
  const AlignedVector& weights;
  const Eigen::MatrixXd& root_inverse;
  double radius;
};

// Weights, class by class in the order of arrival, whose distance to the optimum of the members is
// a billionth of the radius of the fit. No decision made by them depends on the kernels.
std::vector<DoubleDouble> refine_softmax(const SoftmaxSums& sums, const Members& members,
                                         const Arrivals& arrivals, const SoftmaxStart& fitted,
                                         const Checkpoint& checkpoint);

}  // namespace shapcpp
