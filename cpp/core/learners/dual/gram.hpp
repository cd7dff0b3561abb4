// Inner products of samples, in the metric in which every feature has the penalty 1.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// x.x' stands for the sum of x_j x'_j / L_jj over the features, without the intercept.
class Gram {
 public:
  // All products are computed beforehand if they are to be `stored`, else those of a sample when it
  // joins. `problem` must outlive them. Throws what the checkpoint throws.
  Gram(const Problem& problem, bool stored, const Checkpoint& checkpoint);

  // Whether products of samples of such numbers should be stored, and the bytes that they allocate.
  static bool fits(double samples, double tests);
  static bool fits(const Problem& problem);
  // Whether all products fit into single precision.
  static bool fits_single(const Problem& problem);
  static double bytes(const RunShape& shape);

  const Problem& problem() const { return problem_; }
  // Products of training sample i with others.
  void gather(std::size_t i, std::span<const std::size_t> others, double* products) const;
  // The same of any sample in working coordinates, computed now.
  void multiply(std::span<const double> sample, std::span<const std::size_t> others,
                double* products) const;
  // Products of training sample i with all test samples, rounded to single precision: `width()`
  // numbers, those of class k from `first(k)` on. They may be written to `room`, of the same width.
  const float* tests(std::size_t i, float* room) const;
  std::size_t width() const { return norms_.size(); }
  std::size_t first(std::size_t k) const { return firsts_[k]; }
  bool is_stored() const { return stored_; }
  // Lengths of training samples, and of test samples in the order of their products.
  double length_of(std::size_t i) const { return lengths_[i]; }
  const AlignedVector& test_lengths() const { return norms_; }
  // The length of a sample in working coordinates, and how much each column counts in it.
  double length(std::span<const double> sample) const;
  const AlignedVector& inverse_penalty() const { return inverse_penalty_; }
  // The least penalty of a feature.
  double least_penalty() const { return least_penalty_; }

 private:
  void store(const Checkpoint& checkpoint);
  void multiply(const double* tile, std::size_t first, std::size_t count);

  const Problem& problem_;
  const kernels::Kernels& kernels_;
  const std::size_t features_;
  AlignedVector inverse_penalty_;  // per column, 0 for the intercept
  double least_penalty_;
  std::vector<double> lengths_;
  AlignedVector norms_;
  std::vector<std::size_t> firsts_;
  const bool stored_;
  AlignedVector training_;
  Aligned<float> tests_;
  AlignedVector factors_;
  AlignedVector products_;
};

// Whether the members' own products are worth keeping in a problem with this many columns, and up
// to how many members.
std::size_t most_dual_members(std::size_t columns);
// The same for a problem, whose samples may be fewer.
std::size_t most_dual_members(const Problem& problem);

}  // namespace shapcpp
