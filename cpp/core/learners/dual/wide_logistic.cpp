#include "core/learners/dual/wide_logistic.hpp"

namespace shapcpp {
namespace {

// Fits of a walk before it leaves the dual path: each starts from afar.
constexpr int kMostFailures = 2;

}  // namespace

WideLogistic::WideLogistic(const Problem& problem, const Context& context, const Gram& gram)
    : dual_members_(gram, most_dual_members(problem)),
      dual_(dual_members_, 1, context),
      primal_(problem, context) {
  primal_.clear();
}

double WideLogistic::bytes(const RunShape& shape) {
  return DualMembers::bytes(shape) + DualPath::bytes(shape) + BinaryLogistic::bytes(shape) +
         kNumberBytes * shape.samples();
}

void WideLogistic::clear() {
  dual_members_.clear();
  dual_.clear();
  if (told_ > 0) primal_.clear();
  is_dual_ = true;
  failures_ = 0;
  members_.clear();
  told_ = 0;
}

void WideLogistic::join(std::size_t i) {
  if (is_dual_ && members_.size() == dual_members_.capacity()) leave_dual();
  members_.push_back(i);
  if (!is_dual_) return tell_primal();
  dual_members_.join(i);
  dual_.join(i);
}

void WideLogistic::tell_primal() {
  for (; told_ < members_.size(); ++told_) primal_.join(members_[told_]);
}

// Fits begin where the dual path has come to.
void WideLogistic::leave_dual() {
  is_dual_ = false;
  tell_primal();
  if (!dual_.has_estimate()) return;
  const auto weights = dual_.scores().weights();
  const Eigen::Map<const Eigen::VectorXd> start(weights.data(),
                                                static_cast<Eigen::Index>(weights.size()));
  if (start.allFinite()) primal_.start_from(start);
}

WideScores WideLogistic::estimate() {
  if (!is_dual_) return {primal_.estimate(), nullptr};
  const DualScores& scores = dual_.estimate();
  return {scores, &scores};
}

bool WideLogistic::refine(const OpenPairs& open) {
  return is_dual_ ? dual_.refine() : primal_.refine(open);
}

void WideLogistic::settle(bool decided) {
  if (!is_dual_)
    primal_.settle(decided);
  else if (!decided)
    ++failures_;
}

const FittedScores& WideLogistic::fit(const OpenPairs& open) {
  if (!is_dual_) return primal_.fit(open);
  if (failures_ >= kMostFailures) {
    leave_dual();
    return primal_.fit(open);
  }
  leave_dual();
  is_dual_ = true;
  return primal_.fit_alone();
}

}  // namespace shapcpp
