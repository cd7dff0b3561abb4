#include "core/data/conventions.hpp"

#include <algorithm>

#include "core/data/require.hpp"

namespace shapcpp {

Conventions::Conventions(std::span<const std::int64_t> empty_counts,
                         std::span<const std::int64_t> test_counts, SingleClass single_class)
    : empty_counts_(empty_counts.begin(), empty_counts.end()),
      test_counts_(test_counts.begin(), test_counts.end()),
      single_class_(single_class) {
  require(empty_counts_.size() == test_counts_.size(), "one empty count per class is needed");
}

bool Conventions::score_without_model(std::span<const std::size_t> class_sizes,
                                      std::span<std::int64_t> correct) const {
  const auto predicted = predict_without_model(class_sizes);
  if (!predicted) return false;
  if (*predicted == kNoPrediction) {
    std::copy(empty_counts_.begin(), empty_counts_.end(), correct.begin());
  } else {
    std::fill(correct.begin(), correct.end(), 0);
    correct[*predicted] = test_counts_[*predicted];
  }
  return true;
}

std::optional<Prediction> Conventions::predict_without_model(
    std::span<const std::size_t> class_sizes) const {
  std::size_t present = class_sizes.size();
  std::size_t n_present = 0;
  for (std::size_t k = 0; k < class_sizes.size(); ++k)
    if (class_sizes[k] > 0) {
      present = k;
      ++n_present;
    }
  if (n_present > 1) return std::nullopt;
  if (n_present == 0 || single_class_ == SingleClass::kCarry) return kNoPrediction;
  return static_cast<Prediction>(present);
}

}  // namespace shapcpp
