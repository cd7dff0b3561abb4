// The class whose members have the nearest mean.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/scores.hpp"
#include "core/numerics/double_double.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

// |x - m_k|^2 is |x|^2 less 2 m_k.x - |m_k|^2, which is linear in x: class k has the weights 2 D
// m_k and the intercept -m_k'D m_k, where D undoes the scaling of the working columns. Sums of
// members are kept in double-double, so that the order in which they joined does not matter.
// Members are themselves rounded, relative to their own size: a smaller mean is no more accurate
// than they are.
class NearestCentroid {
 public:
  using Scores = FittedScores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  NearestCentroid(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  const FittedScores& fit(const OpenPairs& open);

 private:
  struct Centroid {
    std::size_t size = 0;
    std::vector<DoubleDouble> sum;      // of the members, per column
    std::vector<double> magnitude;      // of their absolute values
    std::vector<DoubleDouble> weights;  // of the members in working coordinates, exact to 2^-100
    AlignedVector rounded;              // the same in double precision
    AlignedVector sizes;                // sizes of the terms of each: weights of absolute values
    double length = 0;                  // of these
    double rotation = 0;                // effect of a rotation on a margin, as a share of |x|
    bool is_known = false;
  };

  class Differences final : public FittedScores {
   public:
    explicit Differences(const NearestCentroid& learner) : learner_(learner) {}
    bool has(std::size_t k) const override { return learner_.centroids_[k].size > 0; }
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
    double terms(const Pair& pair, const AlignedVector& x) const;

    const NearestCentroid& learner_;
  };

  void measure(Centroid& centroid) const;

  const TrainingSet& training_;
  Statistics& statistics_;
  const std::size_t columns_;
  const double dot_rounding_;
  const double rotation_;  // relative to the lengths of samples and means
  double largest_norm_ = 0;
  std::vector<double> scales_;  // D per column, powers of two; 0 for the intercept
  std::vector<Centroid> centroids_;
  Differences scores_;
};

}  // namespace shapcpp
