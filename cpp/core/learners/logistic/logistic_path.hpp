// The optimum as samples join, known to within a radius, mostly without touching the members again.
//
// An expansion around a base absorbs each joining sample. An anchor, where the gradient is known
// exactly, follows the optimum; base and anchor give an estimate, and bounds its distance from the
// true optimum. If that distance is too large, a pass over the members moves the anchor; if passes
// become too many, a new base is built. docs/engine.md derives the bounds.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "core/learners/logistic/coalition.hpp"
#include "core/learners/logistic/expansion.hpp"
#include "core/learners/logistic/newton.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/learners/logistic/refit_policy.hpp"
#include "core/learners/stretch.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class LogisticPath {
 public:
  // The path of the class `positive` against the rest. All must outlive the path.
  LogisticPath(const Problem& problem, const Members& members, std::size_t positive,
               const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Returns to the empty coalition, after the members have been cleared.
  void clear();
  // Sample i has become a member.
  void join(std::size_t i);

  // Where the next fit starts, unless there is an anchor.
  void start_from(const Eigen::VectorXd& weights) { newton_.start_from(weights); }
  // A base at weights near the optimum, in place of a fit.
  void start_base(const Eigen::VectorXd& weights);

  // Whether an estimate is worth trying.
  [[nodiscard]] bool may_estimate() { return policy_.may_estimate() && has_anchor(); }
  // Whether there is no estimate of the new coalition before a pass.
  [[nodiscard]] bool passes_at_once() const {
    return !expansion_.has_drifted() && policy_.passes_at_once(size());
  }
  // The estimate that needs no pass over the members; its radius is infinite if no bound holds.
  const EstimatedOptimum& estimate();
  // A new anchor, by one pass over the members, so that the next estimate is tighter; false if that
  // is not worth trying again.
  [[nodiscard]] bool refine();
  // Is told whether estimates were enough.
  void settle(bool decided) { policy_.settle(decided); }
  // Fits the optimum to the rounding floor and, if worthwhile and possible, puts a new anchor
  // there; throws what Newton::fit throws.
  const FittedOptimum& fit() { return fit(policy_.keeps_fit()); }
  const FittedOptimum& fit(bool anchor);
  bool has_anchor() const { return expansion_.has_base(); }

  // Bounds on the gradient that a step leaves, in the norm of H^-1.
  struct Error {
    double rounding = 0;  // of the anchor and of the products
    double total = 0;
    double decrement = 0;  // |step|_H
    double growth = 0;     // curvatures at the end are within this factor of those in H
  };

  // The parts of the last estimate, with each bound by itself, for tests of the lemmas.
  const Expansion& expansion() const { return expansion_; }
  const AlignedVector& displacement() const { return displacement_; }
  const AlignedVector& step() const { return step_; }
  const AlignedVector& anchor_gradient() const { return gradient_; }
  double anchor_rounding() const { return anchor_rounding_; }
  const Shifts& shifts() const { return shifts_; }
  const Error& error() const { return error_; }
  // Of the end of the step, and of the step as a whole.
  double radius() const;
  Stretch step_stretch() const;
  // Of the remainder in the gradient at the anchor; widened: sums in double precision of numbers in
  // single precision.
  enum class Precision { kSingle, kWidened, kDouble };
  Precision precision() const { return precision_; }
  // Whether H was multiplied for it, not advanced.
  bool has_multiplied() const { return multiplies_; }

 private:
  bool rebase(double growth);
  bool build(double growth);
  bool pass(Precision precision);
  RefitPolicy::Size size() const { return {members_.size(), expansion_.has_third()}; }
  void evaluate_step();
  void solve(const AlignedVector& right, AlignedVector& solution) const;
  void take_step();
  void move_anchor(std::size_t i);
  void advance(std::size_t i, double coefficient, double along);
  void measure_step(double square, const kernels::Squares& squares);
  double left_by_model(double R, double exponential) const;
  double left_in_model();
  double unsolved_share() const;
  Expansion::Lengths advance_linear();
  void bound_error();
  double known_share() const;
  double weights_length() const;
  double length(const AlignedVector& vector) const;

  const TrainingSet& training_;
  const kernels::Kernels& kernels_;
  const std::size_t columns_;
  Coalition members_;
  Newton newton_;
  Expansion expansion_;
  RefitPolicy policy_;

  AlignedVector displacement_;  // of the anchor from the base
  AlignedVector gradient_;      // at the anchor, of all members
  AlignedVector linear_;        // the expansion's gradient at the anchor, without the remainder,
  double linear_error_ = 0;     // and its error in the norm of H^-1
  bool multiplies_ = false;     // whether the last pass multiplied H for it
  Precision precision_ = Precision::kDouble;
  double anchor_rounding_ = 0;  // of the gradient, in the norm of H^-1
  Shifts shifts_;               // of the members' margins from the base to the anchor
  AlignedVector step_;          // from the anchor to the estimate
  AlignedVector unsolved_;      // remaining gradient at the estimate, by the expansion
  AlignedVector curved_;        // H step,
  double curved_error_ = 0;     // and its error in the norm of H^-1, without T
  AlignedVector product_;
  AlignedVector middle_;
  AlignedVector weights_;
  double shift_growth_ = 1;  // exp of the largest shift
  // At least the lengths of vectors: a joining sample adds its own part.
  double displacement_length_ = 0;
  double displacement_bent_ = 0;  // in H, or unknown since a sample has joined
  double gradient_length_ = 0;
  double linear_length_ = 0;
  double curved_length_ = 0;
  double step_length_ = 0;
  Expansion::Lengths step_lengths_;  // of the last estimate
  Error error_;                      // of the last estimate
  EstimatedOptimum optimum_;
};

}  // namespace shapcpp
