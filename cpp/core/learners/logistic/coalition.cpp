#include "core/learners/logistic/coalition.hpp"

#include <algorithm>

namespace shapcpp {

Coalition::Coalition(const Problem& problem)
    : training_(problem.training()),
      samples_(problem.columns(), problem.training().size()),
      signs_(tiled_rows(problem.training().size())),
      weights_(signs_.size()) {}

double Coalition::bytes(const RunShape& s) {
  return kNumberBytes * s.samples() * (s.tiled_columns() + 1 + 1);  // members, signs, weights
}

void Coalition::clear() {
  std::fill_n(signs_.begin(), size(), 0.0);
  std::fill_n(weights_.begin(), size(), 0.0);
  samples_.clear();
  class_sizes_ = {};
  largest_norm_ = 0;
  total_weight_ = 0;
}

void Coalition::add(std::size_t i) {
  signs_[size()] = sign_of(i);
  weights_[size()] = training_.weight_of(i);
  total_weight_ += weights_[size()];
  samples_.append(training_.sample(i));
  ++class_sizes_[training_.class_of(i)];
  largest_norm_ = std::max(largest_norm_, training_.norm_of(i));
}

}  // namespace shapcpp
