// The optimum of L2-penalised logistic regression as samples join one at a time.
//
// Dense: every fit runs Newton's method over all members until what is left is rounding. It is the
// reference for any faster path, so it is written to be checked against docs/engine.md line by
// line.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <array>
#include <cstddef>
#include <stdexcept>

#include "checkpoint.hpp"
#include "problem.hpp"
#include "storage.hpp"

namespace shapcpp {

// A fit that missed its tolerance: never a value.
class ConvergenceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Weights in working coordinates, and how far from the true optimum they can be at most.
struct Optimum {
  Eigen::VectorXd weights;
  // Bound on the distance to the true optimum in the norm of the Hessian H, rounding included.
  double radius = 0;
  // Factor of H, and the square root of the trace of its inverse: |x|_{H^-1} <= |x| inverse_root.
  Eigen::LLT<Eigen::MatrixXd> hessian;
  double inverse_root = 0;
  // Relative rounding error of a margin x.w, on the sum of |x_j w_j|.
  double dot_rounding = 0;
};

class LogisticPath {
 public:
  // `problem` and `checkpoint` must outlive the path.
  LogisticPath(const Problem& problem, const Checkpoint& checkpoint);

  // Back to the empty coalition.
  void clear();
  // Adds sample i and moves the weights to where the optimum will roughly be.
  void join(std::size_t i);
  // An optimum exists once both classes are in.
  bool has_both_classes() const { return class_sizes_[0] > 0 && class_sizes_[1] > 0; }
  // The class of the members where they have one only.
  std::size_t only_class() const { return class_sizes_[0] > 0 ? 0 : 1; }
  // The optimum of the members. Throws ConvergenceError, std::logic_error without both classes,
  // and what the checkpoint throws.
  const Optimum& fit();

 private:
  struct NewtonStep {
    Eigen::VectorXd direction;
    double decrement = 0;      // |direction|_H
    double largest_shift = 0;  // max over members of |x_i . direction|
  };

  // Newton's method from the current weights; whether it reached the tolerance.
  bool newton(int most_steps);
  void evaluate();
  NewtonStep newton_step();
  bool finish(const NewtonStep& step);
  double rounding_floor(const Eigen::VectorXd& inverse_diagonal) const;
  double sum_rounding() const;
  double largest_leverage() const;
  double step_length(const NewtonStep& step);
  double slope(const NewtonStep& step, double length);

  const Problem& problem_;
  const Checkpoint& checkpoint_;
  const kernels::Kernels& kernels_;

  SampleTiles members_;
  AlignedVector signs_;    // +1 for class 1, -1 for class 0; 0 beyond the members
  AlignedVector weights_;  // 0 beyond the members
  std::array<std::size_t, 2> class_sizes_{};
  double largest_norm_ = 0;
  bool fitted_ = false;

  Optimum optimum_;
  Eigen::VectorXd gradient_;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> hessian_;  // lower half
  Eigen::VectorXd magnitude_;  // sums of the absolute terms of the gradient

  AlignedVector margins_;     // of all members
  AlignedVector shifts_;      // x_i . direction of all members
  AlignedVector residuals_;   // of one tile
  AlignedVector curvatures_;  // of one tile
  AlignedVector scratch_;
};

}  // namespace shapcpp
