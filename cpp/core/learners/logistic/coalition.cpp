#include "core/learners/logistic/coalition.hpp"

#include <algorithm>

namespace shapcpp {

Coalition::Coalition(const Problem& problem)
    : problem_(problem),
      samples_(problem.columns(), problem.n_samples()),
      signs_(tiled_rows(problem.n_samples())),
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
  signs_[size()] = problem_.sign_of(i);
  weights_[size()] = problem_.weight_of(i);
  total_weight_ += weights_[size()];
  samples_.append(problem_.sample(i));
  ++class_sizes_[problem_.class_of(i)];
  largest_norm_ = std::max(largest_norm_, problem_.sample_norm(i));
}

}  // namespace shapcpp
