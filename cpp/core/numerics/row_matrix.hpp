#pragma once

#include <Eigen/Core>

namespace shapcpp {

// Row by row, as the vector loops read matrices.
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace shapcpp
