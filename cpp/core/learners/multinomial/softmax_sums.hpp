// Passes over the members: the derivatives of the multinomial objective at some weights.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/members.hpp"
#include "core/learners/multinomial/arrivals.hpp"
#include "core/learners/multinomial/contrasts.hpp"
#include "core/learners/rotation.hpp"
#include "core/learners/sums.hpp"
#include "core/numerics/rounding.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Weights, gradients and the like hold `stride` numbers for each class present, in the order of
// arrival.
class SoftmaxSums {
 public:
  // All must outlive the sums.
  SoftmaxSums(const Problem& problem, const Members& members, const Arrivals& arrivals,
              const Context& context);

  // Bytes that they allocate.
  static double bytes(const RunShape& shape);

  std::size_t columns() const { return columns_; }
  std::size_t stride() const { return stride_; }
  std::size_t classes() const { return arrivals_.size(); }
  std::size_t contrasts() const { return arrivals_.size() - 1; }
  // Numbers of a vector of contrasts, and those with padding.
  std::size_t dimension() const { return contrasts() * columns_; }
  std::size_t padded_dimension() const { return padded_columns(dimension()); }
  // Numbers of the weights of all classes that the problem has.
  std::size_t capacity() const { return most_classes_ * stride_; }
  const Contrasts& helmert() const { return helmert_; }

  // The gradient at `weights`, of members that were there at the last Hessian or absorbed since.
  // Calls visit(tile, logits) and keep(tile, probabilities) for each tile of members.
  template <class Visit, class Keep>
  void pass(const AlignedVector& weights, const Eigen::VectorXd& penalty, const Visit& visit,
            const Keep& keep);
  // The same and the Hessian.
  template <class Visit, class Keep>
  void pass_with_hessian(const AlignedVector& weights, const Eigen::VectorXd& penalty,
                         const Visit& visit, const Keep& keep);

  // The gradient alone, in single precision and without a bound. False if it is not finite.
  [[nodiscard]] bool rough_pass(const AlignedVector& weights, const Eigen::VectorXd& penalty);

  // A member has joined since the last Hessian, with these probabilities.
  void absorb(const Eigen::VectorXd& probabilities, double weight, const AlignedVector& x);

  const AlignedVector& gradient() const { return gradient_; }
  // Sums of the absolute terms of the losses' gradient, or bounds on them.
  AlignedVector& magnitude() { return magnitude_; }
  // Writes the Hessian in contrasts, penalty included, rows of `stride` numbers.
  void write_hessian(const Eigen::VectorXd& penalty, double* hessian, std::size_t stride);

  // Bound on the rounding of the gradient at `weights`, in the norm of H^-1. Of each class and
  // column, `inverse(k, j)` bounds the norm of a unit there, projected on contrasts.
  template <class Inverse>
  double rounding(const AlignedVector& weights, const Inverse& inverse) const;
  // Bound on the rounding of the Hessian, as a share of it; `condition` is the sum over columns of
  // H_jj (H^-1)_jj.
  double hessian_rounding(double condition) const;
  // Relative rounding of the logits, on the sums of the absolute terms.
  double dot_rounding() const { return (static_cast<double>(columns_) + 6) * kRounding; }
  const Rotation& rotation() const { return rotation_; }
  // Bound on the error of the margin between two classes that comes from rotations.
  double margin_rounding(const AlignedVector& weights, double radius) const;
  double length(const AlignedVector& weights) const;
  // The largest Euclidean distance between the weights of two classes.
  double widest(const AlignedVector& weights) const;

 private:
  void set_logits(std::size_t t, const AlignedVector& weights);
  void set_residuals(std::size_t t);
  void add_gradient(std::size_t t);
  void add_gradient_and_magnitude(std::size_t t);
  void bound_magnitude();
  void take_roots();
  void add_hessian(std::size_t t);
  void clear(bool with_hessian);
  void add_penalty(const AlignedVector& weights, const Eigen::VectorXd& penalty);
  double rounding_of_penalty(const AlignedVector& weights) const;
  double residual_mass() const;

  const TrainingSet& training_;
  const Members& members_;
  const Arrivals& arrivals_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const std::size_t most_classes_;
  const Contrasts helmert_;
  const Rotation rotation_;

  AlignedVector gradient_;
  AlignedVector magnitude_;
  // Sums over members of a_i p_ik (1 - p_ik) x_ij^2, how much errors of logits matter; those of
  // x_ij^2; their roots; and sums of squared residuals of each class.
  AlignedVector squares_;
  AlignedVector roots_;
  AlignedVector column_squares_;
  AlignedVector column_roots_;
  AlignedVector residual_squares_;
  std::vector<double> blocks_;  // of the Hessian, for each two contrasts
  // Of one tile, for each class or contrast.
  AlignedVector probabilities_;  // logits at first
  AlignedVector residuals_;
  AlignedVector means_;
  AlignedVector rests_;
  AlignedVector variances_;
  AlignedVector row_weights_;  // of one tile
  AlignedVector scratch_;
  // In single precision: the weights, and of one tile classes, weights of losses and residuals.
  Aligned<float> rough_weights_;
  Aligned<float> rough_classes_;
  Aligned<float> rough_row_weights_;
  Aligned<float> rough_residuals_;
};

template <class Visit, class Keep>
void SoftmaxSums::pass(const AlignedVector& weights, const Eigen::VectorXd& penalty,
                       const Visit& visit, const Keep& keep) {
  clear(false);
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    set_logits(t, weights);
    visit(t, probabilities_.data());
    add_gradient(t);
    keep(t, probabilities_.data());
  }
  bound_magnitude();
  add_penalty(weights, penalty);
}

template <class Visit, class Keep>
void SoftmaxSums::pass_with_hessian(const AlignedVector& weights, const Eigen::VectorXd& penalty,
                                    const Visit& visit, const Keep& keep) {
  clear(true);
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    set_logits(t, weights);
    visit(t, probabilities_.data());
    add_gradient_and_magnitude(t);
    keep(t, probabilities_.data());
    add_hessian(t);
  }
  take_roots();
  add_penalty(weights, penalty);
}

// Lemma 22.
template <class Inverse>
double SoftmaxSums::rounding(const AlignedVector& weights, const Inverse& inverse) const {
  const std::size_t K = classes();
  double of_logits = 0;
  double of_sums = 0;
  double mass = 0;
  double trace = 0;
  for (std::size_t k = 0; k < K; ++k) {
    const std::size_t first = k * stride_;
    for (std::size_t j = 0; j < columns_; ++j) {
      of_logits += std::abs(weights[first + j]) * roots_[first + j];
      of_sums += magnitude_[first + j] * inverse(k, j);
      trace += squares_[first + j];
    }
    mass += magnitude_[first + columns_ - 1];
  }
  const double terms = 3 * static_cast<double>(K) + 20;
  return dot_rounding() * of_logits +
         (sum_rounding(members_.size()) + terms * kRounding) * of_sums +
         rounding_of_penalty(weights) +
         rotation_.of_gradient(members_.largest_norm() * mass, length(weights), trace);
}

}  // namespace shapcpp
