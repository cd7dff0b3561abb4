// Ridge regressions on indicators of the classes: the class predicted is the one whose regression
// has the largest value.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/members.hpp"
#include "core/learners/ridge/ridge_refinement.hpp"
#include "core/learners/rotation.hpp"
#include "core/learners/scores.hpp"
#include "core/learners/tie.hpp"
#include "core/numerics/inverse.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

// Class k has the weights that minimise sum a_i (x_i.w - [y_i = k])^2 + w'Lw over the members, with
// the intercept free. All share H = sum a_i x_i x_i' + L. Each joining sample updates the inverse
// of H and the weights by rank one. Rounding leaves gradients that grow slowly; bounds on them are
// kept up to date, and the gradients are recomputed if the bounds do not decide. docs/engine.md
// derives the bounds.
class RidgeClassifier {
 public:
  using Scores = SteppedScores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  RidgeClassifier(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() const { return has_inverse_; }
  const SteppedScores& estimate();
  // Computes the gradients anew, and steps to their zeros.
  [[nodiscard]] bool refine(const OpenPairs& open);
  void settle(bool) {}
  const FittedScores& fit(const OpenPairs& open);

 private:
  // The regression of one class.
  struct Regression {
    double left = 0;        // bound on the gradient at the weights, in the norm of H^-1
    double unmeasured = 0;  // roundings of the weights that `left` lacks, as shares
    double rounding = 0;    // bound on the rounding of gradients
    // Sizes of the current weights.
    double radius = 0;
    double floor = 0;
    double length = 0;
    double margin_rounding = 0;
  };

  class Differences final : public SteppedScores {
   public:
    explicit Differences(const RidgeClassifier& learner)
        : learner_(learner), product_(learner.stride_) {}
    const CommonStep& last_step() const override { return learner_.step_; }
    bool has(std::size_t k) const override { return learner_.members_.class_size(k) > 0; }
    void write_weights(std::size_t k, std::span<double> weights) const override;
    double length(const Pair& pair) const override;
    double reach(const Pair& pair) const override;
    double share_of_reach(std::size_t k) const override;
    double error(const Pair& pair, const AlignedVector& x, double norm) const override;
    double rounding(const Pair& pair) const override;
    Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                   double margin) const override;

   private:
    double norm_of(const AlignedVector& x) const;
    double terms(const Pair& pair, const AlignedVector& x) const;
    double terms_apart(const Pair& pair, const AlignedVector& x) const;

    const RidgeClassifier& learner_;
    mutable AlignedVector product_;
  };

  // A sample that joins, and what all classes need to know of it.
  struct Joining {
    double weight;
    double norm;
    double leverage;   // x.v with v = H^-1 x, before it has joined
    double length;     // of v
    double along;      // sum over columns of |v_j| sqrt(H_jj)
    double left;       // bound on H v - x, in the norm of H^-1
    double growth;     // 1 + a x.v
    double condition;  // of H with the sample and the inverse without it
    double share;      // bound on |x|_{H^-1}, after it has joined
  };

  void absorb(std::size_t i);
  Joining look_at(std::size_t i);
  double step_of(Regression& regression, double margin, double target,
                 const Joining& joining) const;
  void move_otherwise() { step_.number += 2; }
  double* weights(std::size_t k) { return weights_.data() + k * stride_; }
  const double* weights(std::size_t k) const { return weights_.data() + k * stride_; }
  double coordinate_length(const double* weights) const {
    return kernels_.absolute_dot(weights, hessian_roots_.data(), stride_);
  }
  void multiply(const AlignedVector& matrix, const AlignedVector& vector,
                AlignedVector& product) const {
    kernels_.multiply_lower(matrix.data(), stride_, columns_, vector.data(), product.data());
  }
  void charge_drift(double condition, double growth);
  void bound_inverse();
  void measure_diagonals();
  void measure();
  void measure(std::size_t k, double square, double terms);
  void build();
  void correct(std::size_t k);
  [[noreturn]] void fail() const;
  const std::vector<DoubleDouble>& exact(std::size_t k) const;
  bool has_equal_sums(const Pair& pair) const;
  const std::vector<DoubleDouble>& sums(std::size_t k) const;

  const TrainingSet& training_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const double dot_rounding_;
  const Rotation rotation_;
  Members members_;
  std::vector<Regression> regressions_;
  AlignedVector weights_;  // of each class, `stride_` numbers
  // Of each class: the margin of a sample that joins; squares and terms of the weights.
  std::vector<double> margins_;
  std::vector<double> squares_;
  std::vector<double> terms_;
  // Lower triangles, zero beyond the diagonal.
  AlignedVector hessian_;
  AlignedVector inverse_;
  Inverter inverter_;
  AlignedVector x_;
  CommonStep step_;  // along the inverse times the newest member
  AlignedVector left_;
  AlignedVector squares_of_x_;
  AlignedVector hessian_roots_;     // sqrt(H_jj)
  AlignedVector inverse_diagonal_;  // (H^-1)_jj
  bool has_inverse_ = false;
  bool is_corrected_ = false;    // whether refining could bring no more
  double updates_ = 0;           // of the inverse since it was built
  double inverse_root_ = 0;      // bound on |x|_{H^-1} / |x|,
  std::size_t bounded_at_ = 0;   // computed for this many members
  double drift_ = 0;             // relative error of norms taken with the inverse
  double hessian_rounding_ = 0;  // of entry (j, l), on sqrt(H_jj H_ll)
  double condition_ = 0;         // sum over columns of H_jj (H^-1)_jj
  double spread_ = 0;            // bound on that of the roots of these
  double trace_ = 0;
  Differences scores_;
  double feature_reach_ = 0;  // at the last fit
  // Of the classes, once asked for: the weights, and the weighted sums of members.
  mutable std::vector<std::vector<DoubleDouble>> exact_;
  mutable std::vector<std::vector<DoubleDouble>> sums_;
};

}  // namespace shapcpp
