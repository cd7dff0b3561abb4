#include "core/learners/discriminant/scatter.hpp"

#include <algorithm>
#include <cmath>

#include "core/numerics/storage.hpp"

namespace shapcpp {

Scatter::Scatter(const TrainingSet& training, std::size_t n_classes)
    : training_(training),
      features_(training.columns() - 1),
      within_(checked_product(features_, features_ + 1, "the scatter") / 2),
      squares_(features_),
      away_(features_) {
  for (std::size_t k = 0; k < n_classes; ++k)
    classes_.push_back({.mean = std::vector<DoubleDouble>(features_),
                        .magnitude = std::vector<double>(features_)});
}

double Scatter::bytes(const RunShape& s) {
  return kNumberBytes * s.columns() * (s.columns() + 3 * s.classes() + 3);
}

void Scatter::clear() {
  size_ = 0;
  largest_norm_ = 0;
  for (Class& c : classes_) {
    c.size = 0;
    std::fill(c.mean.begin(), c.mean.end(), DoubleDouble{});
    std::fill(c.magnitude.begin(), c.magnitude.end(), 0.0);
  }
  std::fill(within_.begin(), within_.end(), DoubleDouble{});
  std::fill(squares_.begin(), squares_.end(), 0.0);
}

// With n members before, the scatter grows by n / (n + 1) (x - mean)(x - mean)', and the mean by
// (x - mean) / (n + 1).
void Scatter::add(std::size_t i) {
  Class& own = classes_[training_.class_of(i)];
  const std::span<const double> x = training_.sample(i);
  const DoubleDouble after{static_cast<double>(own.size + 1), 0};
  const DoubleDouble share = DoubleDouble{static_cast<double>(own.size), 0} / after;
  for (std::size_t j = 0; j < features_; ++j) {
    away_[j] = -own.mean[j] + x[j];
    own.magnitude[j] += std::abs(x[j]);
    squares_[j] += x[j] * x[j];
  }
  if (own.size > 0) {
    DoubleDouble* row = within_.data();
    for (std::size_t j = 0; j < features_; row += ++j) {
      const DoubleDouble scaled = away_[j] * share;
      for (std::size_t l = 0; l <= j; ++l) row[l] = row[l] + scaled * away_[l];
    }
  }
  for (std::size_t j = 0; j < features_; ++j) own.mean[j] = own.mean[j] + away_[j] / after;
  ++own.size;
  ++size_;
  largest_norm_ = std::max(largest_norm_, training_.norm_of(i));
}

}  // namespace shapcpp
