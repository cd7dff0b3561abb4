// The multinomial optimum as samples join, known to within a radius, mostly without a fit.
//
// An anchor, where the gradient is known, follows the optimum. The inverse Hessian, with each
// member's loss expanded at a point of its own, gives the step from the anchor to the estimate, and
// how far the members' logits have moved from those points says how far the estimate can be from
// the optimum. A pass over the members moves the anchor; a new base expands all losses at one
// point. docs/engine.md derives the bounds.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "core/learners/logistic/refit_policy.hpp"
#include "core/learners/multinomial/radius_forecast.hpp"
#include "core/learners/multinomial/secants.hpp"
#include "core/learners/multinomial/softmax_metric.hpp"
#include "core/learners/multinomial/softmax_newton.hpp"
#include "core/learners/multinomial/softmax_optimum.hpp"
#include "core/learners/multinomial/softmax_sums.hpp"
#include "core/learners/stretch.hpp"
#include "core/run/context.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class SoftmaxPath {
 public:
  // All must outlive the path.
  SoftmaxPath(const Problem& problem, const Members& members, const Arrivals& arrivals,
              const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Returns to the empty coalition, after the members and arrivals have been cleared.
  void clear();
  // Sample i has become a member and has arrived.
  void join(std::size_t i, bool is_new_class);

  // These work as in `LogisticPath`.
  [[nodiscard]] bool may_estimate() {
    return policy_.may_estimate() && (has_base_ || start_base());
  }
  const EstimatedSoftmax& estimate();
  [[nodiscard]] bool refine();
  void settle(bool decided);
  const FittedSoftmax& fit();

  // The parts of the last estimate, with each bound by itself, for tests of the lemmas.
  struct Error {
    double total = 0;      // of the gradient at the estimate, in the norm of H^-1
    double decrement = 0;  // |step|_H
    double growth = 1;     // curvatures at the end are within this factor of those in H,
    double decline = 1;    // and those in H at most this factor larger
    double rounding = 0;   // of the anchor and of the step
  };
  bool has_base() const { return has_base_; }
  // Whether a rough pass was the last, so that the estimate has no radius.
  bool is_rough() const { return is_rough_; }
  const SoftmaxSums& sums() const { return sums_; }
  const SoftmaxMetric& metric() const { return metric_; }
  const AlignedVector& anchor() const { return anchor_; }
  // In contrasts, from the anchor to the estimate if that is not the anchor.
  const AlignedVector& step() const { return step_; }
  bool takes_step() const { return takes_step_; }
  const AlignedVector& anchor_gradient() const { return gradient_; }
  double anchor_rounding() const { return anchor_rounding_; }
  const kernels::Shifts& shifts() const { return shifts_; }
  const Error& error() const { return error_; }
  // Of the estimate without a stretch, and of the step as a whole.
  double radius() const;
  Stretch step_stretch() const;
  // The logits at which the loss of a member is expanded.
  double expanded(std::size_t member, std::size_t k) const { return expanded_[place(member, k)]; }

 private:
  void start_class();
  void leave_stretch();
  void absorb(std::size_t i);
  double spare() const;
  void move_anchor(std::size_t i, const Eigen::VectorXd& logits);
  void expand(std::size_t row, const Eigen::VectorXd& at, const Eigen::VectorXd& anchor,
              double weight);
  bool build();
  void measure_noise();
  bool start_base();
  void move(bool is_rough);
  bool retreat();
  void pass(bool is_rough);
  void add_step();
  void solve();
  void bound_step();
  double left_by_model(double R) const;
  void empty_rows_after(std::size_t row);
  void bound_shifts();
  double rounding_at(const AlignedVector& weights) const;
  double length(const AlignedVector& contrasts) const;
  double known_share() const;
  Eigen::VectorXd logits_of(const AlignedVector& weights) const;
  RefitPolicy::Size size() const {
    return {.members = members_.size(), .contrasts = sums_.contrasts()};
  }
  std::size_t place(std::size_t member, std::size_t k) const {
    const std::size_t tile = member / kernels::kTileRows;
    return (tile * sums_.classes() + k) * kernels::kTileRows + member % kernels::kTileRows;
  }

  const TrainingSet& training_;
  const Members& members_;
  const Arrivals& arrivals_;
  const kernels::Kernels& kernels_;
  SoftmaxSums sums_;
  SoftmaxNewton newton_;
  SoftmaxMetric metric_;
  Secants secants_;
  RefitPolicy policy_;
  RadiusForecast forecast_;

  bool has_base_ = false;
  bool starts_base_ = true;     // whether the classes have not been tried without a fit
  AlignedVector anchor_;        // weights of the classes
  AlignedVector gradient_;      // at the anchor, in contrasts
  double anchor_rounding_ = 0;  // of the gradient, in the norm of H^-1
  AlignedVector expanded_;      // logits where the members' losses are expanded, tile by tile
  AlignedVector inverses_;      // of the probabilities there
  AlignedVector variances_;     // bounds on those of logits there, in units of squared ranges
  kernels::Shifts shifts_;      // from there to the anchor: ranges of logits
  double decline_ = 1;          // and how much larger curvatures there are, at most
  AlignedVector before_;        // the gradient at the last anchor,
  AlignedVector plain_;         // and the model's step there
  AlignedVector step_;          // from the anchor, in contrasts
  AlignedVector class_step_;    // the same, of the classes
  bool is_rough_ = false;       // whether the gradient is, and so has no bound
  double noise_ = 0;            // of a rough gradient, in the norm of H^-1
  bool is_solved_ = false;      // whether the step is that of the gradient
  bool takes_step_ = false;     // whether it leads to the estimate; else the anchor is the estimate
  bool is_stretched_ = false;   // whether the estimate is beyond the end of the step
  Error error_;
  EstimatedSoftmax optimum_;
};

}  // namespace shapcpp
