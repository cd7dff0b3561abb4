// What is known about an optimum: weights, and how far from the true ones they can be.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include "core/learners/logistic/coalition.hpp"
#include "core/learners/rotation.hpp"
#include "core/learners/scores.hpp"
#include "core/learners/tie.hpp"
#include "core/numerics/double_double.hpp"
#include "core/numerics/rounding.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

struct Optimum {
  Eigen::VectorXd weights;  // in working coordinates
  // Bound on the distance to the true optimum in the norm of a matrix H, rounding included.
  double radius = 0;
  // A margin is a tie below this times |x|_{H^-1} plus twice the rounding of the margin. It is a
  // multiple of the effect that rounding alone can have on an optimum, however that was found.
  double floor = 0;
  // Bound on |x|_{H^-1} / |x|.
  double inverse_root = 0;
  // Relative rounding error of a margin x.w, on the sum of |x_j w_j|.
  double dot_rounding = 0;
  // Error of a margin beyond the rounding of the product, from the rounding of the weights and from
  // the rotation, relative to the norm of the sample.
  double margin_rounding = 0;

  // The sum of |x_j w_j|.
  double terms(const AlignedVector& x) const;
  // What judges ask of scores, with the length of the weights: the sum of |x|_{H^-1} radius <= |x|
  // inverse_root radius and the roundings of x.w and of w; a tie is twice as wide.
  double reach_of(double length) const {
    return (radius + floor) * inverse_root + 3 * dot_rounding * length + 3 * margin_rounding;
  }
  double rounding_of(double length) const { return dot_rounding * length + margin_rounding; }
};

// An optimum as the scores of two classes: class 1 leads class 0 by the margin.
template <class Interface>
class BinaryScores : public Interface, public Optimum {
 public:
  bool has(std::size_t) const final { return true; }
  void write_weights(std::size_t k, std::span<double> w) const final {
    if (k == 1)
      std::copy_n(weights.data(), w.size(), w.begin());
    else
      std::fill(w.begin(), w.end(), 0.0);
  }
  double length(const Pair&) const final { return weights.norm(); }
  double reach(const Pair&) const final { return reach_of(weights.norm()); }
  double share_of_reach(std::size_t) const final { return reach({1, 0}) / 2; }
  double error(const Pair&, const AlignedVector& x, double size) const final {
    return norm(x) * (radius + floor) +
           3 * (dot_rounding * terms(x) + margin_rounding * size * (1 + 1e-9));
  }
  double rounding(const Pair&) const final { return rounding_of(weights.norm()); }

 protected:
  // Bound on |x|_{H^-1}; x is padded for the kernels.
  virtual double norm(const AlignedVector& x) const = 0;
};

// An optimum known without a fit.
class EstimatedOptimum final : public BinaryScores<Scores> {
 public:
  // An optimum with `columns` columns; norms use `inverse`, which must outlive the optimum: that of
  // H or of any matrix below H, so that it may lack the newest members.
  EstimatedOptimum(std::size_t columns, const AlignedVector& inverse);
  // Bound on the relative error of those norms.
  double norm_error = 0;

 private:
  double norm(const AlignedVector& x) const override;

  const AlignedVector& inverse_;
  mutable AlignedVector product_;
};

// An optimum fitted to the rounding floor.
class FittedOptimum final : public BinaryScores<FittedScores> {
 public:
  // All must outlive the optimum.
  FittedOptimum(const Problem& problem, const Coalition& members, const Checkpoint& checkpoint);

  // A matrix R with |x|_{H^-1} = |R x|.
  Eigen::MatrixXd root_inverse;

  // Called when a fit has changed the weights.
  void renew();
  Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                 double margin) const override;
  // The width of a tie, determined by the members and the sample alone.
  Tie tie(const AlignedVector& x, double norm) const { return tie(x, norm, terms(x)); }
  // The same for a part of a margin whose terms have sizes that add up to `scale`.
  Tie tie(const AlignedVector& x, double norm, double scale) const;
  // The margin at the optimum, beyond double precision.
  DoubleDouble exact_margin(const AlignedVector& x) const;

 private:
  double norm(const AlignedVector& x) const override;

  const TrainingSet& training_;
  const Coalition& members_;
  const Checkpoint& checkpoint_;
  // The refined weights of this fit, once they are asked for.
  mutable double feature_reach_ = 0;
  mutable std::vector<DoubleDouble> refined_;
};

// The inverse of a lower triangular matrix.
Eigen::MatrixXd inverse_of_lower(const Eigen::MatrixXd& lower);

// Bound on the rounding of the gradient at weights w, in the norm of H^-1; `magnitude` holds the
// sums of the gradient's absolute terms.
double gradient_rounding(const Coalition& members, const Eigen::VectorXd& penalty,
                         const Rotation& rotation, double dot_rounding, const Eigen::VectorXd& w,
                         const Eigen::VectorXd& magnitude, const Eigen::VectorXd& hessian_diagonal,
                         const Eigen::VectorXd& inverse_diagonal);

// Bound on the rounding of H, as a share of H itself.
double hessian_rounding(const Coalition& members, const Eigen::VectorXd& hessian_diagonal,
                        const Eigen::VectorXd& inverse_diagonal);

}  // namespace shapcpp
