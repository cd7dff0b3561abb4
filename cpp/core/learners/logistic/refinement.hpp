// An optimum beyond double precision, for the few margins at the edge of a tie.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/data/training_set.hpp"
#include "core/learners/logistic/coalition.hpp"
#include "core/numerics/double_double.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// The result of a fit: weights, a matrix R with |x|_{H^-1} = |R x|, and the radius.
struct RefinementStart {
  const Eigen::VectorXd& weights;
  const Eigen::MatrixXd& root_inverse;
  double radius;
};

// Weights whose distance to the optimum of the members is a billionth of the radius of the fit. No
// decision made by them depends on the kernels.
std::vector<DoubleDouble> refine(const TrainingSet& training, const Coalition& members,
                                 const RefinementStart& fitted, const Checkpoint& checkpoint);

}  // namespace shapcpp
