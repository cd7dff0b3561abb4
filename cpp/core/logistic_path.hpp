// The optimum as samples join, known to within a radius, mostly without touching the members again.
//
// An anchor, where the gradient is known exactly, and a Hessian built at some earlier point absorb
// each joining sample in O(columns^2). Bounds say how far the true optimum can be from where they
// point; a pass over the members makes a new anchor when that is too far. docs/engine.md derives
// it.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>

#include "checkpoint.hpp"
#include "coalition.hpp"
#include "newton.hpp"
#include "optimum.hpp"
#include "statistics.hpp"

namespace shapcpp {

class LogisticPath {
 public:
  // All must outlive the path.
  LogisticPath(const Problem& problem, const Checkpoint& checkpoint, Statistics& statistics);

  const Coalition& members() const { return members_; }
  // Back to the empty coalition.
  void clear();
  void join(std::size_t i);

  // What is known without touching the members: the radius is infinite where no bound holds.
  const Optimum& estimate();
  // A new anchor, by one pass over the members, so that the next estimate is tighter; false if that
  // is not worth trying again.
  bool refine();
  // The optimum to the rounding floor, and where asked for and possible a new anchor there; throws
  // what Newton::fit throws.
  const Optimum& fit(bool anchor);
  bool has_anchor() const { return anchored_; }

 private:
  void pass(const double* weights);
  bool build();
  void charge_rounding(double loss);
  void measure_inverse();
  bool has_drifted() const;
  double length(const AlignedVector& vector) const;
  double largest_leverage() const;

  const Problem& problem_;
  const Checkpoint& checkpoint_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  const std::size_t stride_;  // of small vectors and matrices: columns padded for the kernels
  // Below this size a fit costs less than what an anchor needs. A rotated problem never reaches it,
  // and the bounds here do not know of the rotation.
  const std::size_t least_members_;
  Coalition members_;
  Newton newton_;

  bool anchored_ = false;
  int refined_ = 0;                // times since the last join
  double displacement_ = 0;        // D: max over members of |x_i . (anchor - built_at)|
  double leverage_ = 0;            // bound on max over members of |x_i|_{H^-1}
  std::size_t leverage_size_ = 0;  // members when the leverage was last computed
  double anchor_rounding_ = 0;     // of the gradient, in the norm of H^-1
  double updates_ = 0;             // joins since the Hessian was built
  double inverse_drift_ = 0;       // relative error of norms taken with the inverse
  double hessian_rounding_ = 0;    // of the Hessian, as a share of it

  AlignedVector hessian_;  // H, at built_at_, of all members
  AlignedVector inverse_;
  AlignedVector anchor_;
  AlignedVector gradient_;  // at the anchor, of all members
  AlignedVector magnitude_;
  AlignedVector built_at_;
  AlignedVector sample_;
  AlignedVector pull_;
  AlignedVector step_;
  AlignedVector unsolved_;
  Optimum optimum_;

  AlignedVector margins_;        // of all members at the anchor
  AlignedVector curvatures_;     // of all members at the anchor
  AlignedVector built_margins_;  // of all members at built_at_
  AlignedVector residuals_;      // of one tile
  AlignedVector scratch_;
};

}  // namespace shapcpp
