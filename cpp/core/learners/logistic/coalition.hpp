// The members of a coalition as one logistic regression sees them: one class against the rest.
#pragma once

#include <cstddef>

#include "core/learners/members.hpp"

namespace shapcpp {

class Coalition {
 public:
  // Regressions of several classes share the members, which must outlive the coalition.
  Coalition(const Members& members, std::size_t positive)
      : members_(members), positive_(positive), signs_(tiled_rows(members.training().size())) {}

  // Bytes that it allocates.
  static double bytes(const RunShape& shape) { return kNumberBytes * shape.samples(); }

  void clear();
  // Adds sample i, the newest of the members.
  void add(std::size_t i);

  const Members& members() const { return members_; }
  const SampleTiles& samples() const { return members_.samples(); }
  const Tiles<float>& singles() const { return members_.singles(); }
  std::size_t size() const { return members_.size(); }
  // +1 for the positive class, -1 for the rest.
  double sign_of(std::size_t i) const {
    return members_.training().class_of(i) == positive_ ? 1.0 : -1.0;
  }
  // One entry per member; 0 beyond the members.
  const double* signs() const { return signs_.data(); }
  const double* weights() const { return members_.weights(); }
  double largest_norm() const { return members_.largest_norm(); }
  template <class Norm>
  double largest(const Norm& norm, const Checkpoint& checkpoint) const {
    return members_.largest(norm, checkpoint);
  }
  double total_weight() const { return members_.total_weight(); }
  // An optimum exists once both sides are in.
  bool has_both_sides() const {
    const std::size_t positives = members_.class_size(positive_);
    return positives > 0 && positives < size();
  }

 private:
  const Members& members_;
  const std::size_t positive_;
  AlignedVector signs_;
  std::size_t filled_ = 0;
};

}  // namespace shapcpp
