// The members of a coalition as dual paths see them: their products with one another and with all
// test samples.
#pragma once

#include <cstddef>
#include <vector>

#include "core/learners/dual/dual_inverse.hpp"
#include "core/learners/dual/gram.hpp"
#include "core/learners/dual/triangle.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// The paths of several classes share them.
class DualMembers {
 public:
  // At most `capacity` members. `gram` must outlive them.
  DualMembers(const Gram& gram, std::size_t capacity);

  // Bytes that they allocate, and how many members a game of such a run has at most.
  static double bytes(const RunShape& shape);
  static double most(const RunShape& shape);

  void clear();
  void join(std::size_t i);

  const Gram& gram() const { return gram_; }
  const TrainingSet& training() const { return gram_.problem().training(); }
  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return samples_.size(); }
  // Samples of the training set, in the order in which they joined.
  const std::vector<std::size_t>& samples() const { return samples_; }
  std::size_t class_size(std::size_t k) const { return class_sizes_[k]; }
  // Products with one another, and those of the newest member with the others, padded with zeros.
  const Triangle& products() const { return products_; }
  const AlignedVector& newest() const { return newest_; }
  // Products with all test samples, a row for each member.
  const std::vector<const float*>& rows() const { return rows_; }
  // Weights of the losses, padded with zeros, and lengths.
  const AlignedVector& weights() const { return weights_; }
  const AlignedVector& lengths() const { return lengths_; }
  double longest() const { return longest_; }
  // The largest norm in working coordinates.
  double largest_norm() const { return largest_norm_; }
  // Whether coalitions have inverses that single precision can hold.
  bool suit_single() const { return suit_single_; }
  // Scratch, for one path at a time.
  DualInverse::Room& room() const { return room_; }

 private:
  const Gram& gram_;
  const std::size_t capacity_;
  const bool suit_single_;
  std::vector<std::size_t> samples_;
  std::vector<std::size_t> class_sizes_;
  Triangle products_;
  AlignedVector newest_;
  std::vector<const float*> rows_;
  Aligned<float> made_;  // rows that are made as needed
  AlignedVector weights_;
  AlignedVector lengths_;
  double longest_ = 0;
  double largest_norm_ = 0;
  mutable DualInverse::Room room_;
};

}  // namespace shapcpp
