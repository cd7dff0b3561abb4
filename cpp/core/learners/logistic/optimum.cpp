#include "core/learners/logistic/optimum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/sums.hpp"

namespace shapcpp {

using kernels::kTileRows;
using kernels::kTileStride;

double Optimum::terms(const AlignedVector& x) const {
  return Eigen::Map<const Eigen::VectorXd>(x.data(), weights.size())
      .cwiseProduct(weights)
      .cwiseAbs()
      .sum();
}

EstimatedOptimum::EstimatedOptimum(std::size_t columns, const AlignedVector& inverse)
    : inverse_(inverse), product_(padded_columns(columns)) {
  weights.setZero(static_cast<Eigen::Index>(columns));
  dot_rounding = (static_cast<double>(columns) + 4) * kRounding;
}

double EstimatedOptimum::norm(const AlignedVector& x) const {
  const kernels::Kernels& loops = kernels::kernels();
  loops.multiply(inverse_.data(), static_cast<std::size_t>(weights.size()), x.size(), x.data(),
                 product_.data());
  return (1 + norm_error) *
         std::sqrt(std::max(loops.dot(x.data(), product_.data(), x.size()), 0.0));
}

// Solves for the identity, a few columns at a time, skipping the zeros above them.
Eigen::MatrixXd inverse_of_lower(const Eigen::MatrixXd& lower) {
  constexpr Eigen::Index kBlock = 64;
  const Eigen::Index n = lower.rows();
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index first = 0; first < n; first += kBlock) {
    const Eigen::Index rows = n - first;
    auto columns = inverse.block(first, first, rows, std::min(kBlock, rows));
    columns.setIdentity();
    lower.bottomRightCorner(rows, rows).triangularView<Eigen::Lower>().solveInPlace(columns);
  }
  return inverse;
}

// Errors e_i of the margins enter as sum a_i s_i e_i x_i, whose norm is at most
// sqrt(sum a_i s_i e_i^2), and |e_i| <= dot_rounding sum_j |x_ij w_j|; those of residuals and sums
// are relative to `magnitude`, the penalty's to |w| in its own norm. Sums over members of squares
// of a column, times curvatures, are at most what H has there, and of whole samples at most what
// the intercept's curvature, which has no penalty, says of the longest.
double gradient_rounding(const Coalition& members, const Eigen::VectorXd& penalty,
                         const Rotation& rotation, double dot_rounding, const Eigen::VectorXd& w,
                         const Eigen::VectorXd& magnitude, const Eigen::VectorXd& hessian_diagonal,
                         const Eigen::VectorXd& inverse_diagonal) {
  const double trace =
      std::min(hessian_diagonal.sum(), members.largest_norm() * members.largest_norm() *
                                           hessian_diagonal[hessian_diagonal.size() - 1]);
  return dot_rounding * w.cwiseAbs().dot(hessian_diagonal.cwiseSqrt()) +
         sum_rounding(members.size()) * magnitude.dot(inverse_diagonal.cwiseSqrt()) +
         2 * kRounding * std::sqrt(penalty.dot(w.cwiseAbs2())) +
         rotation.of_gradient(residual_mass(members.members(), magnitude[magnitude.size() - 1]),
                              w.norm(), trace);
}

// Entry (j, l) errs by at most sqrt(H_jj H_ll) times the rounding of a sum.
double hessian_rounding(const Coalition& members, const Eigen::VectorXd& hessian_diagonal,
                        const Eigen::VectorXd& inverse_diagonal) {
  return sum_rounding(members.size()) * static_cast<double>(hessian_diagonal.size()) *
         hessian_diagonal.dot(inverse_diagonal);
}

}  // namespace shapcpp
