// The optimum as samples join, in coordinates that grow with the coalition: one coefficient per
// member. docs/engine.md derives the bounds.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>

#include "core/learners/dual/dual_inverse.hpp"
#include "core/learners/dual/dual_members.hpp"
#include "core/learners/dual/dual_scores.hpp"
#include "core/learners/rotation.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Newton's steps use an inverse that is rarely built anew. The certificate does not depend on it:
// it is computed from the coefficients and the margins at which they are.
class DualPath {
 public:
  // The path of the class `positive` against the rest. All must outlive the path.
  DualPath(const DualMembers& members, std::size_t positive, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Returns to the empty coalition.
  void clear();
  // Sample i has become the newest member.
  void join(std::size_t i);
  // The estimate of this coalition; its radius is infinite if no bound holds.
  const DualScores& estimate();
  // A better estimate; false if there is none.
  [[nodiscard]] bool refine();
  const DualScores& scores() const { return scores_; }
  std::size_t size() const { return size_; }
  bool has_estimate() const { return inverse_.size() > 0; }
  // Those of the last estimate; none without one, or beyond the range of numbers.
  std::optional<Eigen::VectorXd> weights() const;
  // How many products with the inverse a coalition lately took.
  double effort() const { return effort_; }

  // The parts of the estimate, for tests of the lemmas.
  const AlignedVector& coefficients() const { return coefficients_; }
  double intercept() const { return intercept_; }

 private:
  // Directions for one step.
  static constexpr int kMostAtOnce = 30;

  bool start();
  bool build();
  int step(double share);
  void follow(double slope);
  void advance(double length);
  void evaluate();
  void approach(double target, bool from_afar);
  void certify();
  void move_own(const DualInverse::Joining& joining);
  DualScores::Bounds bound() const;

  const DualMembers& members_;
  const std::size_t positive_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const Rotation rotation_;
  const std::size_t columns_;

  std::size_t size_ = 0;
  DualInverse inverse_;
  DualScores scores_;

  // One number per member.
  AlignedVector signs_;
  AlignedVector coefficients_;
  AlignedVector margins_;
  AlignedVector residuals_;
  AlignedVector curvatures_;
  AlignedVector excess_;       // coefficients and residuals, which add up to 0 at the optimum
  AlignedVector inverse_now_;  // of the curvatures

  // A step, and the direction that is added to it next: what they add to coefficients, margins and
  // the intercept.
  struct Move {
    explicit Move(std::size_t capacity) : coefficients(capacity), margins(capacity) {}
    void clear(std::size_t size);
    AlignedVector coefficients;
    AlignedVector margins;
    double intercept = 0;
  };
  Move step_;
  Move direction_;
  AlignedVector left_;  // of the excess, by the quadratic model
  AlignedVector scaled_;
  AlignedVector moved_;

  double intercept_ = 0;
  double error_ = 0;         // of the gradient, by the margins as they are
  bool is_certain_ = false;  // whether the estimate is that of this coalition
  bool is_stuck_ = false;    // whether another step would not improve it
  bool is_broken_ = false;   // whether rounding ended a step
  double target_ = 0;        // the error that lately decided all signs
  double excess_steps_ = 0;  // beyond those that a new inverse would need
  double effort_ = 0;
  int builds_ = 0;  // for this coalition
};

}  // namespace shapcpp
