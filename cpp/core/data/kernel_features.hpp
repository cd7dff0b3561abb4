// Features of samples whose inner products are the entries of a kernel matrix.
#pragma once

#include "core/numerics/row_matrix.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// A row of a matrix that is not positive semidefinite: what is left of its square beyond the rows
// before it. No row, -1, where it is.
struct Indefinite {
  Eigen::Index row = -1;
  double square = 0;
};

// Both write one row of features for each row of samples, and a column for each of the training
// samples, which come first: `features` has that shape. They throw what the checkpoint throws.

// The kernel exp(-gamma |x - y|^2).
void gaussian_features(const Eigen::Ref<const RowMatrix>& samples, double gamma,
                       Eigen::Ref<RowMatrix> features, const Checkpoint& checkpoint);

// A kernel given as a matrix: `entries` of all samples, row by row, with the training samples.
[[nodiscard]] Indefinite matrix_features(const Eigen::Ref<const RowMatrix>& entries,
                                         Eigen::Ref<RowMatrix> features,
                                         const Checkpoint& checkpoint);

}  // namespace shapcpp
