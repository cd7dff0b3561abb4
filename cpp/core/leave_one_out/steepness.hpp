// The steepness of predictions along each feature.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "core/leave_one_out/for_each.hpp"
#include "core/leave_one_out/view.hpp"

namespace shapcpp {

// For the ridge regression on Laplacian similarities to `landmarks` with the least leave-one-out
// error: for each feature the mean over the samples of the squared derivative along it, summed over
// classes, up to a factor common to all features.
Eigen::VectorXd steepness(const Eigen::Ref<const RowMatrix>& samples,
                          std::span<const std::int64_t> classes, std::int64_t n_classes,
                          double width, std::span<const std::int64_t> landmarks,
                          std::span<const double> factors, const ForEach& for_each);

}  // namespace shapcpp
