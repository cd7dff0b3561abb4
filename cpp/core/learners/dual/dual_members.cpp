#include "core/learners/dual/dual_members.hpp"

#include <algorithm>

namespace shapcpp {
namespace {

// The largest condition number of a matrix whose inverse is kept in single precision: it times the
// rounding of single precision is a twentieth.
constexpr double kMostSingle = 1e6;

// The matrices are 1 + R G R. Their largest eigenvalue is at most 1 more than the trace of R G R,
// and no curvature is above a quarter of a weight.
bool is_mild(const Gram& gram, std::size_t capacity) {
  const TrainingSet& training = gram.problem().training();
  double largest = 0;
  for (std::size_t i = 0; i < training.size(); ++i)
    largest = std::max(largest, training.weight_of(i) * gram.length_of(i) * gram.length_of(i) / 4);
  return static_cast<double>(capacity) * largest < kMostSingle;
}

}  // namespace

DualMembers::DualMembers(const Gram& gram, std::size_t capacity)
    : gram_(gram),
      capacity_(capacity),
      suit_single_(is_mild(gram, capacity)),
      class_sizes_(gram.problem().n_classes()),
      products_(capacity),
      newest_(products_.pitch),
      weights_(products_.pitch),
      lengths_(products_.pitch) {
  if (!gram.is_stored())
    made_.resize(checked_product(capacity, gram.width(), "products of test samples"));
}

double DualMembers::most(const RunShape& s) {
  return std::min(s.samples(), static_cast<double>(most_dual_members(s.n_features + 1)));
}

// Half of the matrix of products, and the matrices of which an inverse is built, in double and in
// single precision.
double DualMembers::bytes(const RunShape& s) {
  const double made = Gram::fits(s.samples(), s.tests()) ? 0 : kSingleBytes * s.tests();
  return most(s) * ((0.5 * kNumberBytes + kNumberBytes + kSingleBytes) * most(s) + made);
}

void DualMembers::clear() {
  std::fill_n(weights_.begin(), size(), 0.0);
  std::fill_n(newest_.begin(), size(), 0.0);
  samples_.clear();
  rows_.clear();
  std::fill(class_sizes_.begin(), class_sizes_.end(), std::size_t{0});
  longest_ = largest_norm_ = 0;
}

void DualMembers::join(std::size_t i) {
  const std::size_t row = size();
  gram_.gather(i, samples_, newest_.data());
  newest_[row] = gram_.length_of(i) * gram_.length_of(i);
  products_.write_row(row, newest_.data());
  newest_[row] = 0;
  weights_[row] = training().weight_of(i);
  lengths_[row] = gram_.length_of(i);
  longest_ = std::max(longest_, lengths_[row]);
  largest_norm_ = std::max(largest_norm_, training().norm_of(i));
  rows_.push_back(gram_.tests(i, gram_.is_stored() ? nullptr : made_.data() + row * gram_.width()));
  ++class_sizes_[training().class_of(i)];
  samples_.push_back(i);
}

}  // namespace shapcpp
