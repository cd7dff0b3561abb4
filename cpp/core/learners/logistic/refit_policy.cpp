#include "core/learners/logistic/refit_policy.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

constexpr int kMostRefinements = 40;
// After this many failures in a row 2^6 - 1 coalitions are skipped.
constexpr int kMostFailures = 6;
// Where a smaller share of recent coalitions has failed, a failure says nothing of the next one:
// the sample that joined moved the optimum far.
constexpr double kRare = 0.05;
constexpr double kShareKept = 0.95;
// If a smaller share of joins than this is certified without a pass, passes are made at once.
constexpr double kHopeless = 0.4;
// At sizes that are a multiple of this no pass is made at once, to learn whether that share has
// changed.
constexpr std::size_t kTryEvery = 32;
// Weights of a recent average: the old average's, and the newest entry's.
constexpr double kSuccessKept = 0.8, kSuccessAdded = 0.2;
constexpr double kRateKept = 0.7, kRateAdded = 0.3;
// Passes are slow if this many more of them would cost as much as a base.
constexpr double kSlowPasses = 8;
// A radius this many times too large stays too large after one more pass.
constexpr double kRoughFrom = 8;
// A step at most half as long as the last one is never slow.
constexpr double kHalved = 0.5;
// From this many members per column on, up to this many columns, a third derivative pays.
constexpr std::size_t kThirdFrom = 90;
constexpr double kThirdColumns = 48;

// In units of an ordinary pass: in single precision, between several classes in double. An exact
// pass follows one in single precision.
double cost_of(RefitPolicy::Refinement pass) {
  switch (pass) {
    case RefitPolicy::Refinement::kRoughPass: return 0.5;
    case RefitPolicy::Refinement::kWidenedPass: return 1.6;
    case RefitPolicy::Refinement::kExactPass: return 3;
    default: return 1;
  }
}

// Products of weights and a sample: one for two classes.
double scores_of(const RefitPolicy::Size& size) {
  return static_cast<double>(size.contrasts > 1 ? size.contrasts + 1 : 1);
}

}  // namespace

void RefitPolicy::join() {
  if (tried_) success_ = kSuccessKept * success_ + (refinements_ == 0 ? kSuccessAdded : 0.0);
  tried_ = false;
  pass_ = Refinement::kPass;
  is_rough_ = false;
  allows_rough_ = true;
  refinements_ = bases_ = steps_ = 0;
  passes_ = 0;
}

void RefitPolicy::absorb(bool moves_far) {
  ++joins_since_pass_;
  ++joins_since_base_;
  awaits_pass_ = awaits_pass_ || moves_far;
}

bool RefitPolicy::may_estimate() {
  if (skips_ == 0) return true;
  --skips_;
  return false;
}

void RefitPolicy::settle(bool decided) {
  failures_ = decided ? std::max(failures_ - 1, 0) : std::min(failures_ + 1, kMostFailures);
  if (!decided && failed_ >= kRare) skips_ = (1 << failures_) - 1;
  failed_ = kShareKept * failed_ + (decided ? 0 : 1 - kShareKept);
}

// A pass is always made if the sample moves so far that its residual at the anchor says little.
bool RefitPolicy::passes_at_once(const Size& size) const {
  if (awaits_pass_) return true;
  return success_ < kHopeless && !size.has_third && size.members % kTryEvery != 0;
}

bool RefitPolicy::tries_estimate(const Size& size) {
  if (refinements_ > 0) return true;
  if (passes_at_once(size)) return false;
  tried_ = true;
  return true;
}

RefitPolicy::Refinement RefitPolicy::refine(const Size& size, const Estimate& estimate) {
  if (refinements_ >= kMostRefinements) return Refinement::kNone;
  ++refinements_;
  ++steps_;
  const double passes_per_base = build_cost(size) / pass_cost(size);
  const bool is_time = is_time_to_build(passes_per_base);
  bool slow = is_slow(size, passes_per_base, estimate.decrement);
  if (slow && is_rough_) {  // single precision may be the reason: exact passes come before a base
    allows_rough_ = false;
    slow = false;
  }
  joins_since_pass_ = 0;
  awaits_pass_ = false;
  decrement_before_ = last_decrement_;
  last_decrement_ = estimate.decrement;
  if (estimate.has_drifted || slow || is_time) return Refinement::kBase;
  if (refinements_ > 1 && estimate.is_rounding_bound)
    pass_ = pass_ == Refinement::kPass ? Refinement::kWidenedPass : Refinement::kExactPass;
  is_rough_ = allows_rough_ && estimate.next_excess > kRoughFrom;
  const Refinement pass = is_rough_ ? Refinement::kRoughPass : pass_;
  const double cost = cost_of(pass);
  passes_since_base_ += cost;
  passes_ += cost;
  return pass;
}

void RefitPolicy::build() {
  joins_since_pass_ = joins_since_base_ = passes_since_base_ = 0;
  awaits_pass_ = false;
  pass_ = Refinement::kPass;
  is_rough_ = false;
  steps_ = 0;
}

bool RefitPolicy::wants_third(std::size_t members) const {
  return columns_ <= kThirdColumns && members >= kThirdFrom * static_cast<std::size_t>(columns_);
}

double RefitPolicy::pass_cost(const Size& size) const {
  const double d = columns_ * static_cast<double>(size.contrasts);
  const double scores = scores_of(size);
  const auto k = static_cast<double>(size.members);
  const double in_a_register = size.contrasts > 1 ? 8 : 16;
  return k * scores * (2 * columns_ + 25) / in_a_register + 40 * d + d * d / 2;
}

double RefitPolicy::build_cost(const Size& size) const {
  const double d = columns_ * static_cast<double>(size.contrasts);
  const auto k = static_cast<double>(size.members);
  const auto blocks = static_cast<double>(size.contrasts * (size.contrasts + 1)) / 2;
  const double third = size.has_third ? k * d * d * d / 80 : 0;
  return k * (scores_of(size) * (3 * columns_ + 60) + blocks * columns_ * columns_ / 2) / 8 +
         d * d * d / 8 + 50 * d + third;
}

// The cost per join is least if the base is moved when recent passes cost as much per join as
// building the base and all passes since, on average.
bool RefitPolicy::is_time_to_build(double passes_per_base) {
  const double passes = refinements_ > 1 ? passes_ + 1 : 1 / std::max(joins_since_pass_, 1.0);
  rate_ = kRateKept * rate_ + kRateAdded * passes;
  return rate_ * joins_since_base_ > passes_per_base + passes_since_base_;
}

// Whether passes shorten the step so slowly that a few more of them cost as much as a base. The
// first step of a join, or from a base, is new; each later one should be shorter than the one
// before. Between several classes short and long ones take turns, so that two are compared to the
// two before.
bool RefitPolicy::is_slow(const Size& size, double passes_per_base, double decrement) const {
  const double bearable = std::max(kHalved, 1 - kSlowPasses / passes_per_base);
  if (size.contrasts > 1)
    return steps_ > 3 && !(decrement < bearable * bearable * decrement_before_);
  return steps_ > 2 && !(decrement < bearable * last_decrement_);
}

}  // namespace shapcpp
