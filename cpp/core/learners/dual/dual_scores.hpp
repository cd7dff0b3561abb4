// What the dual path knows of an optimum: coefficients of the members, and a bound on the error.
#pragma once

#include <cstddef>
#include <span>

#include "core/learners/dual/dual_members.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp {

// The weights are the sum of coefficients times members, and an intercept. Lengths are those of
// `Gram`; in the norm of the inverse Hessian a sample is at most its length plus `offset` long.
class DualScores final : public Scores {
 public:
  // `members` must outlive the scores.
  explicit DualScores(const DualMembers& members);

  void clear();
  // How far the optimum can be from the weights.
  struct Bounds {
    double gradient = 0;         // at the weights, in the norm of the inverse Hessian there
    double radius = 0;           // of the optimum, in the norm of the Hessian
    double floor = 0;            // an upper bound on that of ties: see Optimum
    double offset = 0;           // |x|_{H^-1} is at most this more than the length of x
    double dot_rounding = 0;     // relative rounding of x.w in the sum of absolute terms,
    double sum_rounding = 0;     // and of a sum over members in that of their lengths
    double weights_length = 0;   // a bound, without the intercept
    double coefficients = 0;     // sum of |coefficient| times length
    double margin_rounding = 0;  // see Optimum
  };
  void set(const AlignedVector& coefficients, double intercept, const Bounds& bounds);
  const Bounds& bounds() const { return bounds_; }

  // Adds up the margins of all test samples, in the order of Gram.
  void write_margins(AlignedVector& margins) const;
  // Such a margin has the sign of the optimum, and is no tie, if it is larger than
  // `error_per_length` times the sample's length plus `error_per_norm` times its norm in working
  // coordinates plus `error`.
  double error_per_length() const;
  double error_per_norm() const { return 3 * bounds_.margin_rounding; }
  double error() const;
  // The part of it that is the rounding of products to single precision.
  double single_per_length() const;
  // Without it, at a sample of this length in working coordinates and in those of Gram.
  double error_at(double length, double norm) const;
  const Gram& gram() const { return members_.gram(); }
  const AlignedVector& coefficients() const { return coefficients_; }
  double intercept() const { return intercept_; }

  // The weights themselves are computed once they are asked for.
  std::span<const double> weights() const;
  // Of a sample, padded for the kernels, with the weights.
  double margin(const AlignedVector& x) const;
  bool has(std::size_t) const override { return true; }
  void write_weights(std::size_t k, std::span<double> weights) const override;
  double length(const Pair& pair) const override;
  double reach(const Pair& pair) const override;
  double share_of_reach(std::size_t) const override { return reach({1, 0}) / 2; }
  double error(const Pair& pair, const AlignedVector& x, double norm) const override;
  double rounding(const Pair& pair) const override;

 private:
  const DualMembers& members_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  AlignedVector coefficients_;
  double intercept_ = 0;
  Bounds bounds_;
  mutable bool has_weights_ = false;
  mutable AlignedVector weights_;
};

}  // namespace shapcpp
