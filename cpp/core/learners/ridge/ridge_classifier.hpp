// Ridge regressions on indicators of the classes: the class predicted is the one whose regression
// has the largest value.
#pragma once

#include <Eigen/Core>
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
  using Scores = shapcpp::Scores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  RidgeClassifier(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() const { return has_inverse_; }
  const Scores& estimate();
  // Computes the gradients anew, and steps to their zeros.
  [[nodiscard]] bool refine(const OpenPairs& open);
  void settle(bool) {}
  const FittedScores& fit(const OpenPairs& open);

 private:
  // The regression of one class.
  struct Regression {
    AlignedVector weights;
    double left = 0;      // bound on the gradient at the weights, in the norm of H^-1
    double rounding = 0;  // bound on the rounding of gradients
    // Sizes of the current weights.
    double radius = 0;
    double floor = 0;
    double length = 0;
    double margin_rounding = 0;
  };

  class Differences final : public FittedScores {
   public:
    explicit Differences(const RidgeClassifier& learner)
        : learner_(learner), product_(learner.stride_) {}
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

  void absorb(std::size_t i);
  void update(Regression& regression, double target, double a, double before,
              double left_of_inverse, double along);
  double coordinate_length(const AlignedVector& weights) const;
  void charge_drift(double growth);
  void measure();
  void measure(std::size_t k);
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
  AlignedVector hessian_;
  AlignedVector inverse_;
  Inverter inverter_;
  AlignedVector x_;
  AlignedVector inverse_x_;
  AlignedVector left_;
  Eigen::VectorXd hessian_roots_;  // sqrt(H_jj)
  bool has_inverse_ = false;
  bool is_corrected_ = false;    // whether refining could bring no more
  double updates_ = 0;           // of the inverse since it was built
  double inverse_root_ = 0;      // bound on |x|_{H^-1} / |x|
  double drift_ = 0;             // relative error of norms taken with the inverse
  double hessian_rounding_ = 0;  // of entry (j, l), on sqrt(H_jj H_ll)
  double spread_ = 0;            // sum over columns of sqrt(H_jj (H^-1)_jj)
  double trace_ = 0;
  Differences scores_;
  double feature_reach_ = 0;  // at the last fit
  // Of the classes, once asked for: the weights, and the weighted sums of members.
  mutable std::vector<std::vector<DoubleDouble>> exact_;
  mutable std::vector<std::vector<DoubleDouble>> sums_;
};

}  // namespace shapcpp
