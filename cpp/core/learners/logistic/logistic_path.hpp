// The optimum as samples join, known to within a radius, mostly without touching the members again.
//
// An expansion around a base absorbs each joining sample. An anchor, where the gradient is known
// exactly, follows the optimum; bounds say how far the true optimum can be from where the two
// point. A pass over the members moves the anchor when that is too far, a new base follows when
// passes have become too many. docs/engine.md derives it.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "core/learners/logistic/coalition.hpp"
#include "core/learners/logistic/expansion.hpp"
#include "core/learners/logistic/newton.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/run/context.hpp"

namespace shapcpp {

class LogisticPath {
 public:
  using Scores = Optimum;

  // All must outlive the path.
  LogisticPath(const Problem& problem, const Context& context);

  const Coalition& members() const { return members_; }
  // Back to the empty coalition.
  void clear();
  void join(std::size_t i);

  // Whether an estimate is worth trying.
  [[nodiscard]] bool may_estimate();
  // What is known without touching the members: the radius is infinite where no bound holds.
  const Optimum& estimate();
  // A new anchor, by one pass over the members, so that the next estimate is tighter; false if that
  // is not worth trying again.
  [[nodiscard]] bool refine();
  // Hears whether estimates were enough.
  void settle(bool decided);
  // The optimum to the rounding floor, and where that is worth it and possible a new anchor there;
  // throws what Newton::fit throws.
  const Optimum& fit() { return fit(rest_ == 0); }
  const Optimum& fit(bool anchor);
  bool has_anchor() const { return expansion_.has_base(); }

  // Bounds on what a step leaves of the gradient, in the norm of H^-1.
  struct Error {
    double total = 0;
    double decrement = 0;  // |step|_H
    double growth = 0;     // curvatures at the end are within this factor of those in H
  };

  // What the last estimate was made of, each bound by itself, for tests of the lemmas.
  const Expansion& expansion() const { return expansion_; }
  const AlignedVector& displacement() const { return displacement_; }
  const AlignedVector& step() const { return step_; }
  const AlignedVector& anchor_gradient() const { return gradient_; }
  double anchor_rounding() const { return anchor_rounding_; }
  const Shifts& shifts() const { return shifts_; }
  const Error& error() const { return error_; }

 private:
  bool rebase(double growth);
  bool build(double growth);
  bool is_time_to_rebase();
  bool is_slow() const;
  double pass_cost() const;
  double build_cost() const;
  bool expects_pass() const;
  void evaluate_step();
  void solve(const AlignedVector& right, AlignedVector& solution) const;
  void take_step();
  void bound_error();
  double weights_length() const;
  double length(const AlignedVector& vector) const;

  const Problem& problem_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  // Below this size a fit costs less than what an anchor needs.
  const std::size_t least_members_;
  Coalition members_;
  Newton newton_;
  Expansion expansion_;

  AlignedVector displacement_;  // of the anchor from the base
  AlignedVector gradient_;      // at the anchor, of all members
  double anchor_rounding_ = 0;  // of that, in the norm of H^-1
  Shifts shifts_;               // of the members' margins from the base to the anchor
  AlignedVector step_;          // from the anchor to the estimate
  AlignedVector unsolved_;      // what the expansion says is left of the gradient there
  AlignedVector curved_;        // H step
  AlignedVector product_;
  AlignedVector middle_;
  AlignedVector weights_;
  double displacement_length_ = 0;
  double gradient_length_ = 0;
  double step_length_ = 0;
  Error error_;  // of the last estimate
  Optimum optimum_;

  int refined_ = 0;  // times since the last join
  int rebased_ = 0;
  bool tried_ = false;         // whether the last join was tried without a pass
  bool awaits_pass_ = false;   // a sample joined that moves far
  double success_ = 0;         // share of such tries that did
  double last_decrement_ = 0;  // of the estimate before the last
  double joins_ = 0;           // since the last pass
  double joins_since_base_ = 0;
  double passes_since_base_ = 0;
  double rate_ = 0;  // passes per join, lately
  // Where bounds do not help (a margin that stays zero, features without a scale), trying them at
  // every join is waste: after each failure in a row, twice as many joins are fitted without.
  int failures_ = 0;
  int rest_ = 0;
};

}  // namespace shapcpp
