// Ridge regression of class indicators on a view, each sample predicted by the fit without it.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>

#include "core/leave_one_out/for_each.hpp"
#include "core/leave_one_out/view.hpp"

namespace shapcpp {

struct LeaveOneOut {
  RowMatrix predictions;    // judged samples by classes
  Eigen::MatrixXd weights;  // columns of the view by classes: of the fit to all samples
  double loss = 0;          // mean over judged samples of the squared error, summed over classes
  double penalty = 0;       // the factor of the view's penalty for which the loss is least
  std::int64_t rank = 0;    // directions that the view spans
};

// With centred columns z_i, indicators t_i and a free intercept, the fit for the penalty a has
// predictions f_i and leverages h_i = 1 / n + z_i' (Z'Z + a P)^-1 z_i, and the fit without sample i
// predicts (f_i - h_i t_i) / (1 - h_i) for it: exactly, for centring and penalty as they are. One
// eigendecomposition serves every penalty. `factors` are tried, times the mean squared length of a
// sample in the view. The fit uses all samples; the rows `judged`, ascending, are predicted (empty:
// all rows).
LeaveOneOut leave_one_out(View view, std::span<const std::int64_t> classes, std::int64_t n_classes,
                          std::span<const double> factors, std::span<const std::int64_t> judged,
                          const ForEach& for_each);

}  // namespace shapcpp
