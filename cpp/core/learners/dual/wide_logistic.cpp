#include "core/learners/dual/wide_logistic.hpp"

#include <limits>

namespace shapcpp {
namespace {

// Fits of a walk before it leaves the dual path: each starts from afar.
constexpr int kMostFailures = 2;
// Beyond this many members for each column weights are cheaper where the dual path needs fewer
// products than this for a coalition: optima are near each other, and bases of weights serve long.
constexpr double kEarlyPerColumn = 1.5;
constexpr double kLittleEffort = 3;

// From this many columns on, a join costs as much by weights until there are too many members.
constexpr std::size_t kManyColumns = 400;

double early_members(std::size_t columns) {
  if (columns >= kManyColumns) return std::numeric_limits<double>::infinity();
  return kEarlyPerColumn * static_cast<double>(columns);
}

}  // namespace

WideLogistic::WideLogistic(const Problem& problem, const Context& context, const Gram& gram)
    : dual_members_(gram, most_dual_members(problem)),
      dual_(dual_members_, 1, context),
      problem_(problem),
      context_(context),
      early_(early_members(problem.columns())) {}

// Where the dual path runs to the end, the primal one is made only for fits, if at all.
double WideLogistic::bytes(const RunShape& shape) {
  const bool ends_primal = shape.samples() > DualMembers::most(shape);
  return DualMembers::bytes(shape) + DualPath::bytes(shape) +
         (ends_primal ? BinaryLogistic::bytes(shape) : 0) + kNumberBytes * shape.samples();
}

void WideLogistic::clear() {
  dual_members_.clear();
  dual_.clear();
  if (told_ > 0) primal().clear();
  is_dual_ = true;
  failures_ = 0;
  members_.clear();
  told_ = 0;
}

void WideLogistic::join(std::size_t i) {
  if (is_dual_ && is_weights_turn()) leave_dual();
  members_.push_back(i);
  if (!is_dual_) return tell_primal();
  dual_members_.join(i);
  dual_.join(i);
}

bool WideLogistic::is_weights_turn() const {
  if (members_.size() == dual_members_.capacity()) return true;
  return dual_.has_estimate() && static_cast<double>(members_.size()) >= early_ &&
         dual_.effort() < kLittleEffort;
}

// The primal path is made when it is first needed: a kernel may never need it.
BinaryLogistic& WideLogistic::primal() {
  if (!primal_) primal_.emplace(problem_, context_).clear();
  return *primal_;
}

void WideLogistic::tell_primal() {
  for (; told_ < members_.size(); ++told_) primal().join(members_[told_]);
}

void WideLogistic::leave_dual() {
  is_dual_ = false;
  tell_primal();
  if (const auto weights = dual_.weights()) primal().start_base(*weights);
}

WideScores WideLogistic::estimate() {
  if (!is_dual_) return {primal().estimate(), nullptr};
  const DualScores& scores = dual_.estimate();
  return {scores, &scores};
}

bool WideLogistic::refine(const OpenPairs& open) {
  return is_dual_ ? dual_.refine() : primal().refine(open);
}

void WideLogistic::settle(bool decided) {
  if (!is_dual_)
    primal().settle(decided);
  else if (!decided)
    ++failures_;
}

const FittedScores& WideLogistic::fit(const OpenPairs& open) {
  if (!is_dual_) return primal().fit(open);
  tell_primal();
  if (const auto weights = dual_.weights()) primal().start_from(*weights);
  is_dual_ = failures_ < kMostFailures;
  return is_dual_ ? primal().fit_alone() : primal().fit(open);
}

}  // namespace shapcpp
