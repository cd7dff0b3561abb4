// One multinomial fit: Newton's method over all members until only rounding is left.
//
// It goes like `Newton`, with ranges of logits in the place of margins, and is the reference for
// the path that avoids fits.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "core/data/problem.hpp"
#include "core/learners/multinomial/softmax_optimum.hpp"
#include "core/learners/multinomial/softmax_sums.hpp"
#include "core/numerics/cholesky.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class SoftmaxNewton {
 public:
  // All must outlive the fit.
  SoftmaxNewton(const Problem& problem, const Members& members, const Arrivals& arrivals,
                SoftmaxSums& sums, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Where the next fit starts.
  void start_from(const AlignedVector& weights) { optimum_.weights = weights; }
  // Weights near the optimum, from which full steps lead on; null if they are not found soon.
  const AlignedVector* approach();
  // The optimum of the members, of at least two classes. Throws ConvergenceError, and what the
  // checkpoint throws.
  const FittedSoftmax& fit();

 private:
  struct Step {
    Eigen::VectorXd contrasts;
    double decrement = 0;      // |contrasts|_H
    double largest_shift = 0;  // the largest range of a member's logits along it
  };

  // Whether this many steps reach the tolerance.
  bool reach(int most_steps);
  bool descend();
  void make_room();
  bool shorten(int most_steps, double largest_shift);
  void evaluate();
  Step step();
  bool finish(const Step& step);
  double largest_leverage() const;
  double length_of(const Step& step);
  double slope(double length);
  void move(double length);

  const TrainingSet& training_;
  const Members& members_;
  const Arrivals& arrivals_;
  SoftmaxSums& sums_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  Eigen::VectorXd penalty_;  // larger than the problem's on the way down to it

  Cholesky factor_;  // of the Hessian before the last step
  FittedSoftmax optimum_;
  Eigen::VectorXd gradient_;  // in contrasts
  RowMatrix hessian_;
  AlignedVector direction_;  // the step, of each class
  AlignedVector logits_;     // of all members, tile by tile, class by class
  AlignedVector shifts_;     // of the logits along the step
  AlignedVector zeros_;      // of one tile
  AlignedVector moved_;      // of one tile
  AlignedVector residuals_;  // of one tile
};

}  // namespace shapcpp
