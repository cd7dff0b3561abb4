// What is known about an optimum: weights, and how far from the true ones they can be.
#pragma once

#include <Eigen/Core>

#include "core/learners/logistic/coalition.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {

// How many times what rounding can do to a gradient a tie is wide: more than the radius of a fit.
constexpr double kTieWidth = 4;

struct Optimum {
  Eigen::VectorXd weights;  // in working coordinates
  // Bound on the distance to the true optimum in the norm of a matrix H, rounding included.
  double radius = 0;
  // A matrix R with |x|_{H^-1} = |R x|, or the inverse of H itself, whichever there is, and a bound
  // on the relative error of the norms taken with it.
  Eigen::MatrixXd root_inverse;
  const double* inverse = nullptr;
  std::size_t inverse_stride = 0;
  double norm_error = 0;
  // Times |x|_{H^-1}, and with twice the rounding of the margin: below that a margin is a tie. A
  // multiple of what rounding alone can do to an optimum, however it was found.
  double floor = 0;
  // The members, where the optimum was fitted to the rounding floor.
  const Coalition* members = nullptr;
  // Bound on |x|_{H^-1} / |x|.
  double inverse_root = 0;
  // Relative rounding error of a margin x.w, on the sum of |x_j w_j|.
  double dot_rounding = 0;
  // Error of a margin beyond the rounding of the product, from that of the weights and from the
  // rotation, relative to the norm of the sample.
  double margin_rounding = 0;

  // Bound on |x|_{H^-1}; x and the scratch vector are padded for the kernels.
  double norm(const AlignedVector& x, AlignedVector& scratch) const;
};

// The inverse of a lower triangular matrix.
Eigen::MatrixXd inverse_of_lower(const Eigen::MatrixXd& lower);

// Relative rounding of a sum over the members, in the kernels' order of summation.
double sum_rounding(const Coalition& members);

// Bound on the rounding of the gradient at weights w, in the norm of H^-1; `magnitude` holds the
// sums of the gradient's absolute terms.
double gradient_rounding(const Coalition& members, const Problem& problem, double dot_rounding,
                         const Eigen::VectorXd& w, const Eigen::VectorXd& magnitude,
                         const Eigen::VectorXd& hessian_diagonal,
                         const Eigen::VectorXd& inverse_diagonal);

// Bound on what the features add to the margin of a sample no larger than the members. The
// residuals balance the penalty at the optimum, so |w_j| is at most the sum of a_i |x_ij| over
// L_jj. Infinite where no feature of the members varies: margins are then those of the classes'
// sizes alone.
double feature_reach(const Coalition& members, const Problem& problem);

// Bound on the rounding of H, as a share of H itself.
double hessian_rounding(const Coalition& members, const Eigen::VectorXd& hessian_diagonal,
                        const Eigen::VectorXd& inverse_diagonal);

}  // namespace shapcpp
