#include "core/learners/ridge/ridge_refinement.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace shapcpp {
namespace {

constexpr int kMostSteps = 40;
constexpr double kLeft = 1e-9;  // of the radius

// The gradient over the members, in order.
AlignedVector gradient(const Members& members, std::size_t k,
                       const std::vector<DoubleDouble>& weights, const Checkpoint& checkpoint) {
  const std::size_t columns = weights.size();
  std::vector<DoubleDouble> sums(columns);
  for (std::size_t j = 0; j < columns; ++j)
    sums[j] = weights[j] * members.training().penalty()[static_cast<Eigen::Index>(j)];
  for (std::size_t i = 0; i < members.size(); ++i) {
    checkpoint();
    DoubleDouble residual{members.class_of(i) == k ? -1.0 : 0.0, 0};
    for (std::size_t j = 0; j < columns; ++j)
      residual = residual + weights[j] * members.samples().value(i, j);
    residual = residual * members.weights()[i];
    for (std::size_t j = 0; j < columns; ++j)
      sums[j] = sums[j] + residual * members.samples().value(i, j);
  }
  AlignedVector result(padded_columns(columns));
  for (std::size_t j = 0; j < columns; ++j) result[j] = sums[j].high;
  return result;
}

}  // namespace

std::vector<DoubleDouble> refine_ridge(const Members& members, std::size_t k,
                                       std::span<const double> weights,
                                       const AlignedVector& inverse, double radius,
                                       const Checkpoint& checkpoint) {
  const kernels::Kernels& loops = kernels::kernels();
  std::vector<DoubleDouble> refined(members.training().columns());
  for (std::size_t j = 0; j < refined.size(); ++j) refined[j].high = weights[j];
  AlignedVector step(padded_columns(refined.size()));
  for (int i = 0; i < kMostSteps; ++i) {
    const AlignedVector left = gradient(members, k, refined, checkpoint);
    loops.multiply_lower(inverse.data(), step.size(), refined.size(), left.data(), step.data());
    for (std::size_t j = 0; j < refined.size(); ++j) refined[j] = refined[j] + -step[j];
    const double square = loops.dot(left.data(), step.data(), step.size());
    if (std::sqrt(std::max(square, 0.0)) <= kLeft * radius) break;
  }
  return refined;
}

}  // namespace shapcpp
