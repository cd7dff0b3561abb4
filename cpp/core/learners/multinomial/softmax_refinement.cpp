#include "core/learners/multinomial/softmax_refinement.hpp"

#include <cstddef>

namespace shapcpp {
namespace {

constexpr int kMostSteps = 40;
constexpr double kLeft = 1e-9;  // of the radius

// Adds the gradient of member i's loss to the sums.
void add_loss(const Members& members, std::size_t i, std::size_t own, std::size_t columns,
              const std::vector<DoubleDouble>& weights, std::vector<DoubleDouble>& sums) {
  const std::size_t classes = weights.size() / columns;
  std::vector<DoubleDouble> logits(classes);
  std::size_t most = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    for (std::size_t j = 0; j < columns; ++j)
      logits[k] = logits[k] + weights[k * columns + j] * members.samples().value(i, j);
    if (logits[k].high > logits[most].high) most = k;
  }
  const DoubleDouble largest = logits[most];
  DoubleDouble total;
  for (DoubleDouble& logit : logits) {
    const DoubleDouble below = logit + -largest;
    logit = exponential(below.high > 0 ? DoubleDouble{} : below);
    total = total + logit;
  }
  DoubleDouble others;
  for (std::size_t k = 0; k < classes; ++k) {
    logits[k] = logits[k] / total * members.weights()[i];
    if (k != own) others = others + logits[k];
  }
  logits[own] = -others;
  for (std::size_t k = 0; k < classes; ++k)
    for (std::size_t j = 0; j < columns; ++j)
      sums[k * columns + j] = sums[k * columns + j] + logits[k] * members.samples().value(i, j);
}

}  // namespace

std::vector<DoubleDouble> refine_softmax(const SoftmaxSums& sums, const Members& members,
                                         const Arrivals& arrivals, const SoftmaxStart& fitted,
                                         const Checkpoint& checkpoint) {
  const std::size_t columns = sums.columns();
  const std::size_t stride = sums.stride();
  const std::size_t classes = sums.classes();
  const Eigen::VectorXd& penalty = members.training().penalty();
  std::vector<DoubleDouble> weights(classes * columns);
  for (std::size_t k = 0; k < classes; ++k)
    for (std::size_t j = 0; j < columns; ++j)
      weights[k * columns + j].high = fitted.weights[k * stride + j];
  AlignedVector vectors(classes * stride);
  Eigen::VectorXd contrasts(static_cast<Eigen::Index>(sums.dimension()));
  for (int step = 0; step < kMostSteps; ++step) {
    std::vector<DoubleDouble> gradient(weights.size());
    for (std::size_t k = 0; k < classes; ++k)
      for (std::size_t j = 0; j < columns; ++j)
        gradient[k * columns + j] =
            weights[k * columns + j] * penalty[static_cast<Eigen::Index>(j)];
    for (std::size_t i = 0; i < members.size(); ++i) {
      checkpoint();
      add_loss(members, i, static_cast<std::size_t>(arrivals.own()[i]), columns, weights, gradient);
    }
    for (std::size_t k = 0; k < classes; ++k)
      for (std::size_t j = 0; j < columns; ++j)
        vectors[k * stride + j] = gradient[k * columns + j].high;
    sums.helmert().from_classes(vectors.data(), classes, contrasts.data());
    const Eigen::VectorXd root = fitted.root_inverse * contrasts;
    contrasts = fitted.root_inverse.transpose() * root;
    sums.helmert().to_classes(contrasts.data(), classes, vectors.data());
    for (std::size_t k = 0; k < classes; ++k)
      for (std::size_t j = 0; j < columns; ++j)
        weights[k * columns + j] = weights[k * columns + j] + -vectors[k * stride + j];
    if (root.norm() <= kLeft * fitted.radius) break;
  }
  return weights;
}

}  // namespace shapcpp
