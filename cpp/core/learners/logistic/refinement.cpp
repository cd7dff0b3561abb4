#include "core/learners/logistic/refinement.hpp"

#include <Eigen/Core>
#include <cstddef>

namespace shapcpp {
namespace {

constexpr int kMostSteps = 40;
constexpr double kLeft = 1e-9;  // of the radius

// The gradient over the members, in order.
Eigen::VectorXd gradient(const TrainingSet& training, const Coalition& members,
                         const std::vector<DoubleDouble>& weights, const Checkpoint& checkpoint) {
  const std::size_t columns = weights.size();
  std::vector<DoubleDouble> sums(columns);
  for (std::size_t j = 0; j < columns; ++j)
    sums[j] = weights[j] * training.penalty()[static_cast<Eigen::Index>(j)];
  for (std::size_t i = 0; i < members.size(); ++i) {
    checkpoint();
    DoubleDouble margin;
    for (std::size_t j = 0; j < columns; ++j)
      margin = margin + weights[j] * members.samples().value(i, j);
    const double sign = members.signs()[i];
    const DoubleDouble residual = falling_logistic(margin * sign) * (-sign * members.weights()[i]);
    for (std::size_t j = 0; j < columns; ++j)
      sums[j] = sums[j] + residual * members.samples().value(i, j);
  }
  Eigen::VectorXd result(static_cast<Eigen::Index>(columns));
  for (std::size_t j = 0; j < columns; ++j) result[static_cast<Eigen::Index>(j)] = sums[j].high;
  return result;
}

}  // namespace

std::vector<DoubleDouble> refine(const TrainingSet& training, const Coalition& members,
                                 const RefinementStart& fitted, const Checkpoint& checkpoint) {
  std::vector<DoubleDouble> weights(training.columns());
  for (std::size_t j = 0; j < weights.size(); ++j)
    weights[j].high = fitted.weights[static_cast<Eigen::Index>(j)];
  for (int i = 0; i < kMostSteps; ++i) {
    const Eigen::VectorXd root =
        fitted.root_inverse * gradient(training, members, weights, checkpoint);
    const Eigen::VectorXd step = fitted.root_inverse.transpose() * root;
    for (std::size_t j = 0; j < weights.size(); ++j)
      weights[j] = weights[j] + -step[static_cast<Eigen::Index>(j)];
    if (root.norm() <= kLeft * fitted.radius) break;
  }
  return weights;
}

}  // namespace shapcpp
