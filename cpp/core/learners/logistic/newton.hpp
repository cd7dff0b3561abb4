// One fit: Newton's method over all members until only rounding is left.
//
// It is the reference for the path that avoids fits, so it is written to be checked against
// docs/engine.md line by line.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstddef>

#include "core/data/problem.hpp"
#include "core/learners/convergence_error.hpp"
#include "core/learners/logistic/coalition.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/learners/rotation.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class Newton {
 public:
  // All must outlive the fit.
  Newton(const Problem& problem, const Coalition& members, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Where the next fit starts.
  void start_from(const Eigen::VectorXd& weights);
  // Moves the start to the approximate optimum now that sample i has become a member.
  void expect(std::size_t i);
  // The optimum of the members. Throws ConvergenceError, std::logic_error without both sides, and
  // what the checkpoint throws.
  const FittedOptimum& fit();

 private:
  struct Step {
    Eigen::VectorXd direction;
    double decrement = 0;      // |direction|_H
    double largest_shift = 0;  // max over members of |x_i . direction|
  };

  // Whether this many steps reach the tolerance.
  bool reach(int most_steps);
  bool descend();
  bool approach();
  void evaluate();
  Step step();
  bool finish(const Step& step);
  double largest_leverage() const;
  double length_of(const Step& step);
  double slope(const Step& step, double length);

  const TrainingSet& training_;
  const Coalition& members_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const Rotation rotation_;
  Eigen::VectorXd penalty_;  // larger than the problem's on the way down to it

  FittedOptimum optimum_;
  Eigen::LLT<Eigen::MatrixXd> factor_;  // of the Hessian before the last step
  bool knows_curvature_ = false;        // whether it is that of all members except those expected
  Eigen::VectorXd gradient_;
  Eigen::VectorXd magnitude_;  // sums of the absolute terms of the gradient
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> hessian_;  // lower half

  AlignedVector margins_;     // of all members
  AlignedVector shifts_;      // x_i . direction of all members
  AlignedVector residuals_;   // of one tile
  AlignedVector curvatures_;  // of one tile
  AlignedVector scratch_;
};

}  // namespace shapcpp
