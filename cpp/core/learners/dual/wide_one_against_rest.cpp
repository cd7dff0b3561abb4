#include "core/learners/dual/wide_one_against_rest.hpp"

namespace shapcpp {
namespace {

// Fits of a walk before it leaves the dual paths: each starts from afar.
constexpr int kMostFailures = 2;

}  // namespace

WideOneAgainstRest::WideOneAgainstRest(const Problem& problem, const Context& context,
                                       const Gram& gram)
    : dual_members_(gram, most_dual_members(problem)),
      differences_(dual_members_),
      problem_(problem),
      context_(context) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k)
    differences_.add(paths_.emplace_back(dual_members_, k, context).scores());
}

// As for two classes.
double WideOneAgainstRest::bytes(const RunShape& shape) {
  const bool ends_primal = shape.samples() > DualMembers::most(shape);
  return DualMembers::bytes(shape) + shape.classes() * DualPath::bytes(shape) +
         (ends_primal ? OneAgainstRest::bytes(shape) : 0) + kNumberBytes * shape.samples();
}

void WideOneAgainstRest::clear() {
  dual_members_.clear();
  for (DualPath& path : paths_) path.clear();
  if (told_ > 0) primal().clear();
  is_dual_ = true;
  failures_ = 0;
  members_.clear();
  told_ = 0;
}

void WideOneAgainstRest::join(std::size_t i) {
  if (is_dual_ && members_.size() == dual_members_.capacity()) leave_dual();
  members_.push_back(i);
  if (!is_dual_) return tell_primal();
  dual_members_.join(i);
  for (DualPath& path : paths_) path.join(i);
}

// The primal paths are made when they are first needed: a kernel may never need them.
OneAgainstRest& WideOneAgainstRest::primal() {
  if (!primal_) primal_.emplace(problem_, context_).clear();
  return *primal_;
}

void WideOneAgainstRest::tell_primal() {
  for (; told_ < members_.size(); ++told_) primal().join(members_[told_]);
}

void WideOneAgainstRest::leave_dual() {
  is_dual_ = false;
  tell_primal();
  for (std::size_t k = 0; k < paths_.size(); ++k)
    if (const auto weights = weights_of(k)) primal().start_base(k, *weights);
}

WideClassScores WideOneAgainstRest::estimate() {
  if (!is_dual_) return {primal().estimate(), nullptr};
  for (std::size_t k = 0; k < paths_.size(); ++k)
    if (has(k)) paths_[k].estimate();
  return {differences_, &differences_};
}

// Regressions about which nothing is known come first: none of their pairs can be decided.
bool WideOneAgainstRest::refine(const OpenPairs& open) {
  if (!is_dual_) return primal().refine(open);
  const auto is_open = [&](std::size_t k) { return has(k) && open.involve(k); };
  bool knows_all = true;
  for (std::size_t k = 0; k < paths_.size(); ++k)
    if (is_open(k) && !differences_.knows(k)) knows_all = false;
  bool refined = false;
  for (std::size_t k = 0; k < paths_.size(); ++k)
    if (is_open(k) && (knows_all || !differences_.knows(k)) && paths_[k].refine()) refined = true;
  return refined;
}

void WideOneAgainstRest::settle(bool decided) {
  if (!is_dual_)
    primal().settle(decided);
  else if (!decided)
    ++failures_;
}

const FittedScores& WideOneAgainstRest::fit(const OpenPairs& open) {
  if (!is_dual_) return primal().fit(open);
  tell_primal();
  for (std::size_t k = 0; k < paths_.size(); ++k)
    if (const auto weights = weights_of(k)) primal().start_from(k, *weights);
  is_dual_ = failures_ < kMostFailures;
  return is_dual_ ? primal().fit_alone() : primal().fit(open);
}

}  // namespace shapcpp
