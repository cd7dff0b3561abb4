// The optimum as samples join, in coordinates that grow with the coalition: one coefficient per
// member. docs/engine.md derives the bounds.
#pragma once

#include <cstddef>
#include <vector>

#include "core/learners/dual/dual_inverse.hpp"
#include "core/learners/dual/dual_scores.hpp"
#include "core/learners/dual/gram.hpp"
#include "core/learners/rotation.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Newton's steps use an inverse that is rarely built anew. The certificate does not depend on it:
// it is computed from the coefficients and the margins at which they are.
class DualPath {
 public:
  // Class 1 against class 0, of at most `capacity` members. Both must outlive the path.
  DualPath(const Gram& gram, std::size_t capacity, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  // The estimate of this coalition; its radius is infinite if no bound holds.
  const DualScores& estimate();
  // A better estimate; false if there is none.
  [[nodiscard]] bool refine();
  const DualScores& scores() const { return scores_; }
  std::size_t size() const { return size_; }
  bool has_estimate() const { return inverse_.size() > 0; }

  // The parts of the estimate, for tests of the lemmas.
  const AlignedVector& coefficients() const { return coefficients_; }
  double intercept() const { return intercept_; }

 private:
  bool start();
  bool build();
  void step();
  void evaluate();
  void approach();
  void certify();
  void move_own(const DualInverse::Joining& joining);
  DualScores::Bounds bound() const;

  const TrainingSet& training_;
  const Gram& gram_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const Rotation rotation_;
  const std::size_t columns_;

  std::size_t size_ = 0;
  Triangle products_;  // of the members
  DualInverse inverse_;
  DualScores scores_;

  // One number per member.
  std::vector<std::size_t> members_;
  AlignedVector signs_;
  AlignedVector weights_;
  AlignedVector lengths_;
  AlignedVector coefficients_;
  AlignedVector margins_;
  AlignedVector residuals_;
  AlignedVector curvatures_;
  AlignedVector excess_;  // coefficients and residuals, which add up to 0 at the optimum
  AlignedVector scaled_;
  AlignedVector moved_;
  AlignedVector row_;

  double intercept_ = 0;
  double longest_ = 0;       // length of a member,
  double largest_norm_ = 0;  // and its norm in working coordinates
  double error_ = 0;         // of the gradient, by the margins as they are
  bool is_certain_ = false;  // whether the estimate is that of this coalition
  bool is_stuck_ = false;    // whether another step would not improve it
  double target_ = 0;        // the error that lately decided all signs
  double excess_steps_ = 0;  // beyond those that a new inverse would need
  int builds_ = 0;           // for this coalition
};

}  // namespace shapcpp
