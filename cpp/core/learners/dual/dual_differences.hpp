// What the dual paths of several regressions, each of one class against the rest, know of the leads
// of one class over another.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/learners/dual/dual_members.hpp"
#include "core/learners/dual/dual_scores.hpp"
#include "core/learners/scores.hpp"

namespace shapcpp {

// Errors of a pair are those of both regressions together.
class DualDifferences final : public Scores {
 public:
  explicit DualDifferences(const DualMembers& members) : members_(members) {}

  // The scores of the next class, which must outlive these.
  void add(const DualScores& scores) { regressions_.push_back(&scores); }

  const DualMembers& members() const { return members_; }
  const DualScores& of(std::size_t k) const { return *regressions_[k]; }
  // Whether anything is known of its optimum.
  bool knows(std::size_t k) const;

  bool has(std::size_t k) const override { return members_.class_size(k) > 0; }
  void write_weights(std::size_t k, std::span<double> weights) const override;
  double length(const Pair& pair) const override;
  double reach(const Pair& pair) const override;
  double share_of_reach(std::size_t k) const override;
  double error(const Pair& pair, const AlignedVector& x, double norm) const override;
  double rounding(const Pair& pair) const override;

 private:
  const DualMembers& members_;
  std::vector<const DualScores*> regressions_;
};

}  // namespace shapcpp
