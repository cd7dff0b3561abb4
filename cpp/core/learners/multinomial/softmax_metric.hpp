// The inverse Hessian of the multinomial objective, each member's loss at a point of its own, and
// kept up to date as samples join.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>

#include "core/learners/members.hpp"
#include "core/learners/multinomial/softmax_sums.hpp"
#include "core/numerics/inverse.hpp"
#include "core/numerics/shrinking_matrix.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class SoftmaxMetric {
 public:
  // All must outlive the metric.
  SoftmaxMetric(const Problem& problem, const Members& members, SoftmaxSums& sums,
                const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Inverts the Hessian of the sums' last pass; `growth` bounds the factor by which it has changed
  // since the last one, and is infinite if there was none. False, and no metric, if it is too
  // ill-conditioned for double precision.
  [[nodiscard]] bool build(double growth);
  // Measures sample i, which has become a member but is not in the metric.
  void measure(std::size_t i);
  // Adds the measured sample, with these probabilities where its loss is expanded. What is small of
  // it may be left out, up to a trace of `spare` in the norm of H.
  void absorb(const Eigen::VectorXd& probabilities, double weight, double spare);

  // Of the measured sample x: X H^-1 X' in contrasts, before it is absorbed.
  const Eigen::MatrixXd& gram() const { return gram_; }
  const AlignedVector& x() const { return x_; }
  // vector -= H^-1 X' factors, with the metric as it was before.
  void subtract_product(const Eigen::VectorXd& factors, AlignedVector& vector) const;
  // product, the metric's with the vector before a sample was absorbed, becomes the one after it.
  void subtract_update(const AlignedVector& vector, AlignedVector& product) const {
    matrix_.subtract_last(vector, product);
  }
  // A bound on |(q_a - q_b) (x) x|_{H^-1} for all classes a, b, once it is absorbed.
  double own_leverage() const { return own_leverage_; }

  // The inverse.
  const ShrinkingMatrix& matrix() const { return matrix_; }
  void multiply(const AlignedVector& vector, AlignedVector& product) const {
    matrix_.multiply(vector, product);
  }
  void multiply_roughly(const AlignedVector& vector, AlignedVector& product) {
    matrix_.multiply_roughly(vector, product);
  }
  // The same bound for all members.
  double leverage() const { return leverage_; }
  double inverse_root() const { return inverse_root_; }
  // How much larger H would be, as a share of it, with what has been left out.
  double left_out() const { return left_out_; }
  // A root of the curvature that was left out of the sample absorbed last, for tests of the lemmas.
  const Eigen::MatrixXd& left_out_root() const { return left_out_root_; }
  double drift() const { return drift_ + product_rounding_; }
  // The part of the drift that single precision is charged with.
  double narrowed() const { return narrowed_; }
  double hessian_rounding() const { return hessian_rounding_; }
  bool has_drifted() const;
  // Bound on |v|_{H^-1} for v of length 1 in column j of any contrasts.
  double column_root(std::size_t j) const { return column_roots_[j]; }
  const AlignedVector& diagonal() const { return diagonal_; }

 private:
  void narrow();
  void set_gram(const AlignedVector& x);
  void measure_inverse();
  void measure_blocks();
  void take_off(double largest);
  void charge(double share);
  void charge_single(double share);
  void bound_products(double scaled);
  double condition() const;
  double pair_leverage(const Eigen::MatrixXd& gram) const;
  double with_rotation(double leverage) const;
  double largest_leverage();
  double largest_square(std::size_t a, std::size_t b, const AlignedVector& grams,
                        std::size_t rows) const;

  const TrainingSet& training_;
  const Members& members_;
  SoftmaxSums& sums_;
  const Checkpoint& checkpoint_;
  const kernels::Kernels& kernels_;

  std::size_t dimension_ = 0;
  std::size_t stride_ = 0;  // the dimension, padded for the kernels
  std::optional<Inverter> inverter_;
  ShrinkingMatrix matrix_;  // the inverse
  AlignedVector diagonal_;  // of H
  double leverage_ = 0;
  std::size_t leverage_size_ = 0;  // members when the leverage was last computed
  double largest_row_sum_ = 0;     // of the inverse at the base
  double inverse_root_ = 0;
  double drift_ = 0;
  double narrowed_ = 0;
  double left_out_ = 0;
  Eigen::MatrixXd left_out_root_;
  double product_rounding_ = 0;  // as a share of the inverse, like the drift
  double hessian_rounding_ = 0;
  double updates_ = 0;
  int unmeasured_ = 0;  // updates since the bounds on norms were computed
  AlignedVector column_roots_;

  AlignedVector x_;         // the measured sample
  AlignedVector products_;  // H^-1 X', a row of `stride_` numbers for each contrast
  Eigen::MatrixXd gram_;
  double own_leverage_ = 0;
};

}  // namespace shapcpp
