// Views: the inputs of a ridge regression, either features or similarities to some samples
// (landmarks).
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/leave_one_out/for_each.hpp"
#include "core/numerics/row_matrix.hpp"

namespace shapcpp {

// Similarities to a landmark m: x'm, exp(-|x - m|^2 / (2 w^2 s)), exp(-|x - m|_1 / (w s)), where s
// is the median (squared, or summed) distance of two landmarks and w the width.
enum class Similarity { kProduct, kGaussian, kLaplacian };

struct ViewOptions {
  Similarity similarity = Similarity::kProduct;
  double width = 1;
  std::span<const std::int64_t> landmarks;  // rows; none: the features themselves
};

// The input of a ridge regression: `columns` of each sample, and the penalty on its weights w, w'
// penalty w.
struct View {
  RowMatrix columns;
  Eigen::MatrixXd penalty;
};

View make_view(const Eigen::Ref<const RowMatrix>& samples, const ViewOptions& options,
               const ForEach& for_each);

}  // namespace shapcpp
