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

// |x - m_k|^2 is, but for what all classes share, -2 (m_k - o).x + (m_k - o).(m_k + o) for any
// origin o, and linear in x: class k has the weights 2 D (m_k - o), where D undoes the scaling of
// the working columns. The origin is the mean of the means, so that classes far from zero lose no
// digits. Sums of members are kept in double-double, so that the order in which they joined does
// not matter. Members are themselves rounded, relative to their own size: a smaller mean is no more
// accurate than they are.
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
    std::vector<DoubleDouble> sum;   // of the members, per column
    std::vector<double> magnitude;   // of their absolute values
    std::vector<DoubleDouble> mean;  // of the members in working coordinates
    // Numbers per column: the weights, and bounds on what rounded members do to a score.
    AlignedVector weights;
    AlignedVector doubts;
    double length = 0;            // of the weights
    double length_of_doubts = 0;  // of these
    double rotation = 0;          // effect of a rotation on a margin, as a share of |x|
    bool is_known = false;        // the mean, and the doubts
  };

  // What rounded members can do to the distance of a sample from a mean, and its square.
  struct Effect {
    double width = 0;
    double square = 0;
    double least = 0;  // the square that this makes of zero
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
    const NearestCentroid& learner_;
  };

  void measure(Centroid& centroid) const;
  void place_origin();
  void weigh(Centroid& centroid) const;
  Effect effect(const Centroid& centroid, const AlignedVector& x) const;
  double rotated(double norm) const;
  double margin(const Centroid& leader, const Centroid& rival, const AlignedVector& x) const;

  const TrainingSet& training_;
  Statistics& statistics_;
  const std::size_t columns_;
  const double dot_rounding_;
  const double rotation_;  // relative to the lengths of samples and means
  double largest_norm_ = 0;
  std::vector<double> scales_;  // D per column, powers of two; 0 for the intercept
  std::vector<Centroid> centroids_;
  std::vector<double> origin_;
  Differences scores_;
};

}  // namespace shapcpp
