// The gradient of the objective, expanded at a base point and kept up to date as samples join.
//
// At base + u it is gradient + H u + remainder(u). The first two cost nothing per member; the
// remainder, small and of second order, is summed over the members in single precision, or bounded
// by the third derivative. docs/engine.md derives the bounds.
#pragma once

#include <cstddef>

#include "core/data/problem.hpp"
#include "core/learners/logistic/coalition.hpp"
#include "core/learners/logistic/third_derivative.hpp"
#include "core/learners/rotation.hpp"
#include "core/numerics/inverse.hpp"
#include "core/numerics/storage.hpp"
#include "core/numerics/updated_matrix.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

using kernels::Shifts;

class Expansion {
 public:
  // All must outlive the expansion.
  Expansion(const Problem& problem, const Coalition& members, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Returns to the empty coalition, with no base.
  void clear();
  // Sample i has become a member. Its loss is expanded at the margin that it will have once it has
  // moved an optimum that far from the base, at the end of a step from a displacement, unless that
  // is near the base.
  void absorb(std::size_t i, const AlignedVector& displacement, const AlignedVector& step);
  // Builds a new base, by a pass over the members; `growth` bounds the factor by which their
  // curvatures have changed since the last base, and is infinite if there was none. False, and no
  // base, if the Hessian there is too ill-conditioned for double precision.
  [[nodiscard]] bool build(const AlignedVector& weights, double growth, bool with_third);
  void drop() { has_base_ = false; }
  bool has_base() const { return has_base_; }
  // Whether the Hessian or its inverse has lost too many digits to updates.
  bool has_drifted() const;

  // Sizes of a vector.
  struct Lengths {
    double plain = 0;
    // At least the sum over columns of |v_j| sqrt(H_jj), which is at least |v|_H.
    double of_coordinates = 0;
  };
  Lengths lengths(const AlignedVector& v) const;
  // From the sums of squares, plain and weighted by the diagonal of the Hessian.
  Lengths lengths(const kernels::Squares& squares) const;

  // How well a remainder is known.
  struct Remainder {
    double rounding =
        0;              // at least its error in the norm of H^-1, infinite if a shift is too large
    double growth = 0;  // exp of the largest shift
  };
  // Adds the remainder at base + u to `gradient`, by a pass over the members, and sets how far
  // their margins shift. Sums are in single precision, or `widened`: in double.
  [[nodiscard]] Remainder add_remainder(const AlignedVector& u, const Lengths& lengths,
                                        bool widened, AlignedVector& gradient, Shifts& shifts);

  // Writes the gradient at base + u, by a pass in double precision, and returns a bound on its
  // rounding in the norm of H^-1; curvatures there are within a factor `growth` of those at the
  // base.
  [[nodiscard]] double exact_gradient(const AlignedVector& u, double growth,
                                      AlignedVector& gradient);

  const AlignedVector& base() const { return base_; }
  double base_length() const { return base_length_; }
  const AlignedVector& gradient() const { return gradient_; }
  const UpdatedMatrix& hessian() const { return hessian_; }
  const UpdatedMatrix& inverse() const { return inverse_; }
  std::size_t stride() const { return stride_; }
  bool has_third() const { return has_third_; }
  const ThirdDerivative& third() const { return third_; }

  // The sample last absorbed.
  struct Absorbed {
    double margin = 0;       // at the base
    double shift = 0;        // from there along the displacement,
    double along = 0;        // and along the step
    double offset = 0;       // from the base to the margin where its loss is expanded
    double curvature = 0;    // of its loss at that margin
    double third = 0;        // derivative of its loss at that margin
    double slope = 0;        // what it adds to the gradient at the base, along the sample
    double norm = 0;         // in H^-1 before it joined
    double leverage = 0;     // a bound on its norm in H^-1 since then
    double coefficient = 0;  // joining moves the optimum by about this times `inverse_x`
  };
  const Absorbed& absorbed() const { return absorbed_; }
  const AlignedVector& x() const { return x_; }
  // H^-1 x, with the Hessian as it was before the sample joined.
  const AlignedVector& inverse_x() const { return inverse_x_; }

  // Bound on max over members of |x_i|_{H^-1}.
  double leverage() const;
  // Terms that the rotation adds to the error of the gradient, in the norm of H^-1, and to the
  // error of a test margin, relative to the norm of the sample, at weights of the given length.
  double rotation_of_gradient(double weights_length) const;
  double rotation_of_margin(double weights_length, double radius) const;
  // Bound on the rounding of the gradient at the base, in the norm of H^-1.
  double gradient_rounding() const { return gradient_rounding_; }
  // Bound on the rounding of the Hessian, as a share of it.
  double hessian_rounding() const { return hessian_rounding_; }
  // Bound on the error of T[a, b] in the norm of H^-1, as a multiple of max |x_i| |a| |b|_H.
  double third_rounding() const { return third_rounding_; }
  // Relative error of norms taken with the inverse.
  double inverse_drift() const { return inverse_drift_; }
  // Bound on |x|_{H^-1} / |x|.
  double inverse_root() const { return inverse_root_; }
  // At least |v|_{H^-1} for v = sum f_i |x_i|, entry by entry, where sum f_i^2 / c_i = 1.
  double spread() const { return spread_; }

 private:
  double expand_loss(std::size_t i, double before);
  void add_curvature(double before);
  void add_residual(std::size_t i, double residual);
  void pass();
  void add_tile(std::size_t t, const AlignedVector& weights, AlignedVector& gradient);
  void add_penalty(const AlignedVector& weights, AlignedVector& gradient) const;
  double rounding_of_gradient(const AlignedVector& weights) const;
  void charge_rounding(double loss);
  void measure_inverse();
  void measure_trace();
  void measure_spread();
  double largest_leverage() const;
  Remainder bound_remainder(const Lengths& lengths, bool widened, Shifts& shifts) const;
  // At least sum a_i |r_i| |x_i| over the members.
  double residual_mass() const;
  double largest_trace() const;

  const TrainingSet& training_;
  const Coalition& members_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;  // of small vectors and matrices: columns padded for the kernels
  const double dot_rounding_;
  const Rotation rotation_;

  bool has_base_ = false;
  bool has_third_ = false;
  double leverage_ = 0;
  std::size_t leverage_size_ = 0;  // members when the leverage was last computed
  double gradient_rounding_ = 0;
  double updates_ = 0;    // joins since the base was chosen
  double trace_ = 0;      // of H
  double condition_ = 0;  // sum over columns of H_jj (H^-1)_jj
  double inverse_drift_ = 0;
  double third_rounding_ = 0;
  double base_length_ = 0;
  double hessian_rounding_ = 0;
  double inverse_norm_ = 0;  // a bound on the inverse's largest eigenvalue, as computed
  double inverse_root_ = 0;
  int unmeasured_ = 0;  // updates since the norm was bounded
  double spread_ = 0;
  double gradient_length_ = 0;  // at least that at the base
  Absorbed absorbed_;
  double largest_offset_ = 0;
  double offset_squares_ = 0;  // weighted with the curvatures

  AlignedVector base_;
  AlignedVector gradient_;
  AlignedVector magnitude_;  // sums of the absolute terms of the gradient
  UpdatedMatrix hessian_;
  UpdatedMatrix inverse_;
  AlignedVector x_;
  AlignedVector inverse_x_;
  Inverter inverter_;
  ThirdDerivative third_;

  Aligned<float> probabilities_;  // of class 1 at the base
  Aligned<float> curvatures_;     // at the base
  Aligned<float> offsets_;  // of the margins where losses are expanded, from those at the base
  Aligned<float> direction_;
  AlignedVector lane_sums_;
  AlignedVector margins_;    // of one tile
  AlignedVector residuals_;  // of one tile
  AlignedVector tile_curvatures_;
  Aligned<float> thirds_;  // of one tile
  AlignedVector scratch_;
};

}  // namespace shapcpp
