#include "core/learners/members.hpp"

namespace shapcpp {

Members::Members(const TrainingSet& training, std::size_t n_classes)
    : training_(training),
      samples_(training.columns(), training.size()),
      singles_(training.columns(), training.size()),
      weights_(tiled_rows(training.size())),
      class_sizes_(n_classes),
      class_weights_(n_classes) {
  classes_.reserve(training.size());
}

double Members::bytes(const RunShape& s) {
  return s.samples() * ((kNumberBytes + kSingleBytes) * s.tiled_columns() +  // samples
                        kNumberBytes * (1 + 1));                             // classes, weights
}

void Members::clear() {
  std::fill_n(weights_.begin(), size(), 0.0);
  samples_.clear();
  singles_.clear();
  classes_.clear();
  std::fill(class_sizes_.begin(), class_sizes_.end(), std::size_t{0});
  std::fill(class_weights_.begin(), class_weights_.end(), 0.0);
  largest_norm_ = 0;
  total_weight_ = 0;
}

void Members::add(std::size_t i) {
  const std::size_t k = training_.class_of(i);
  const double weight = training_.weight_of(i);
  weights_[size()] = weight;
  total_weight_ += weight;
  samples_.append(training_.sample(i));
  singles_.append(training_.sample(i));
  classes_.push_back(k);
  ++class_sizes_[k];
  class_weights_[k] += weight;
  largest_norm_ = std::max(largest_norm_, training_.norm_of(i));
}

}  // namespace shapcpp
