// Linear discriminant analysis with a fixed ridge.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/discriminant/scatter.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/inverse.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

// Normal distributions of one covariance, (S + L) / N with S the scatter of the N members around
// the means of their classes and L the penalty. With A = S + L class k has the weights
// N A^-1 m_k and the intercept -m_k.w_k / 2 + log(n_k). The residual of A w_k = N m_k, in the norm
// of A^-1, bounds the distance of the weights from the true ones, as for ridge regressions.
class DiscriminantAnalysis {
 public:
  using Scores = FittedScores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  DiscriminantAnalysis(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear() { scatter_.clear(); }
  void join(std::size_t i) { scatter_.add(i); }
  const FittedScores& fit(const OpenPairs& open);

 private:
  struct Discriminant {
    AlignedVector weights;              // the intercept last
    double length = 0;                  // of these
    double radius = 0;                  // of the features' weights, in the norm of A
    double floor = 0;                   // a multiple of the part of it due to rounding
    double error = 0;                   // of the intercept
    double members = 0;                 // their mean size in the norm of A^-1, or more
    double margin_rotation = 0;         // effect of a rotation on a margin, as a share of |x|
    std::vector<DoubleDouble> exact{};  // the weights refined, once asked for
  };

  class Differences final : public FittedScores {
   public:
    explicit Differences(DiscriminantAnalysis& learner)
        : learner_(learner), product_(learner.stride_) {}
    bool has(std::size_t k) const override { return learner_.scatter_.class_size(k) > 0; }
    void write_weights(std::size_t k, std::span<double> weights) const override;
    double length(const Pair& pair) const override;
    double reach(const Pair& pair) const override;
    double share_of_reach(std::size_t k) const override;
    double error(const Pair& pair, const AlignedVector& x, double norm) const override;
    double rounding(const Pair& pair) const override;
    Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                   double margin) const override;

   private:
    double rounding(std::size_t k) const;
    double norm_of(const AlignedVector& x) const;
    double terms(const Pair& pair, const AlignedVector& x) const;
    double terms_apart(const Pair& pair, const AlignedVector& x) const;

    DiscriminantAnalysis& learner_;
    mutable AlignedVector product_;
  };

  void invert();
  void solve(std::size_t k);
  void bound(std::size_t k, double left);
  double left_of(const AlignedVector& weights, std::size_t k, AlignedVector& left) const;
  bool has_equal_means(const Pair& pair) const;
  const std::vector<DoubleDouble>& exact(std::size_t k);
  [[noreturn]] void fail() const;

  const Problem& problem_;
  const TrainingSet& training_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;
  const double dot_rounding_;
  Scatter scatter_;
  std::vector<Discriminant> discriminants_;
  AlignedVector matrix_;  // A, with 1 for the intercept
  AlignedVector inverse_;
  Inverter inverter_;
  std::vector<double> roots_;          // sqrt(A_jj)
  std::vector<double> inverse_roots_;  // sqrt((A^-1)_jj)
  double drift_ = 0;                   // relative error of norms taken with the inverse
  double inverse_root_ = 0;            // bound on |x|_{A^-1} / |x|
  Differences scores_;
};

}  // namespace shapcpp
