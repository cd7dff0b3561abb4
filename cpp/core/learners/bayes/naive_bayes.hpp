// Gaussian naive Bayes: normal distributions of independent features, one for each class.
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

// Class k has the score log(a_k n_k) - sum_j ((z_j - m_j)^2 / v_j + log v_j) / 2, with the weight
// a_k of its samples, the mean m of its n_k members, and their variance v with the penalty added,
// which is the smoothing. That is linear in the features z and their squares. Sums are kept in
// double-double, so that the order in which members joined does not matter. Members are themselves
// rounded, relative to their own size; docs/engine.md says what that does to a score.
class NaiveBayes {
 public:
  using Scores = FittedScores;
  using Fitted = FittedScores;

  // Both must outlive the learner. The problem has squares.
  NaiveBayes(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  const FittedScores& fit(const OpenPairs& open);

 private:
  // One class, and what is known of each of its features.
  struct Normal {
    std::size_t size = 0;
    std::vector<DoubleDouble> mean;
    std::vector<DoubleDouble> scatter;   // sum of squared deviations from the mean
    std::vector<double> magnitudes;      // sum of absolute values
    std::vector<double> squares;         // sum of squares
    std::vector<DoubleDouble> variance;  // with the smoothing
    std::vector<double> doubt;           // relative error of the variance
    DoubleDouble constant;               // log(a_k n_k) - sum of log v_j / 2
    // Numbers per column: the weights, the sizes of their terms, and bounds on the error of a score
    // and twice what rounded members do to it.
    AlignedVector weights;
    AlignedVector sizes;
    AlignedVector errors;
    double length_of_sizes = 0;
    double length_of_errors = 0;
    bool is_known = false;
  };

  class Differences final : public FittedScores {
   public:
    explicit Differences(const NaiveBayes& learner) : learner_(learner) {}
    bool has(std::size_t k) const override { return learner_.normals_[k].size > 0; }
    void write_weights(std::size_t k, std::span<double> weights) const override;
    double length(const Pair& pair) const override;
    double reach(const Pair& pair) const override;
    double share_of_reach(std::size_t k) const override;
    double error(const Pair& pair, const AlignedVector& x, double norm) const override;
    double rounding(const Pair& pair) const override;
    Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                   double margin) const override;

   private:
    const NaiveBayes& learner_;
  };

  // What rounded members can do to the score of a class at a sample, and the size of its terms.
  struct Effect {
    double width = 0;
    double terms = 0;
  };

  void measure(std::size_t k);
  Effect effect(const Normal& normal, const AlignedVector& x) const;
  DoubleDouble margin(const Normal& leader, const Normal& rival, const AlignedVector& x) const;

  const TrainingSet& training_;
  Statistics& statistics_;
  const std::size_t columns_;
  const std::size_t features_;
  const double dot_rounding_;
  std::vector<double> class_weights_;
  std::vector<Normal> normals_;
  Differences scores_;
};

}  // namespace shapcpp
