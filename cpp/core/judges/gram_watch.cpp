#include "core/judges/gram_watch.hpp"

#include <cmath>

namespace shapcpp {
namespace {

constexpr Pair kClasses{1, 0};
// With more open samples than this a better estimate costs less.
constexpr std::size_t kWorthWeights = 8;

}  // namespace

GramWatch::GramWatch(const Problem& problem, const Context& context)
    : test_(problem.test()),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      watch_(problem, context),
      weights_(padded_columns(columns_)),
      sample_(weights_.size()),
      positive_(problem.n_classes()) {}

double GramWatch::bytes(const RunShape& shape) {
  return MarginWatch::bytes(shape) + kNumberBytes * shape.tests();
}

void GramWatch::begin() {
  watch_.begin();
  by_products_ = false;
}

bool GramWatch::decide(const WideScores& scores) {
  if (scores.dual == nullptr) return watch_.decide(scores.weights);
  if (!std::isfinite(scores.dual->bounds().radius)) return false;
  look(*scores.dual);
  if (open_.size() <= kWorthWeights) decide_open(*scores.dual);
  by_products_ = open_.empty();
  return by_products_;
}

void GramWatch::look(const DualScores& scores) {
  const Gram& gram = scores.gram();
  margins_.resize(gram.width());
  scores.write_margins(margins_);
  open_.clear();
  const double per_length = scores.error_per_length();
  const double per_norm = scores.error_per_norm();
  const double error = scores.error();
  for (std::size_t k = 0; k < positive_.size(); ++k) {
    const std::size_t size = test_.samples(k).size();
    const double* margins = margins_.data() + gram.first(k);
    const double* lengths = gram.test_lengths().data() + gram.first(k);
    const double* norms = test_.norms(k).data();
    statistics_.test_evaluations += static_cast<std::int64_t>(size);
    std::int64_t positive = 0;
    for (std::size_t row = 0; row < size; ++row) {
      const double bound = per_length * lengths[row] + per_norm * norms[row] + error;
      const bool is_open = !std::isfinite(margins[row]) || !(std::abs(margins[row]) > bound);
      positive += !is_open && margins[row] > 0 ? 1 : 0;
      if (is_open) open_.push_back({k, row});
    }
    positive_[k] = positive;
  }
}

// In double precision.
void GramWatch::decide_open(const DualScores& scores) {
  if (open_.empty()) return;
  scores.write_weights(kClasses.leader, std::span(weights_).first(columns_));
  std::erase_if(open_, [&](const Open& open) {
    for (std::size_t j = 0; j < columns_; ++j)
      sample_[j] = test_.samples(open.k).value(open.row, j);
    const double margin = kernels_.dot(sample_.data(), weights_.data(), sample_.size());
    const double error = scores.error(kClasses, sample_, test_.norms(open.k)[open.row]);
    if (!std::isfinite(margin) || !(std::abs(margin) > error)) return false;
    positive_[open.k] += margin > 0 ? 1 : 0;
    return true;
  });
}

void GramWatch::decide_what_can_be(const FittedScores& fitted) {
  by_products_ = false;
  watch_.decide_what_can_be(fitted);
}

OpenSigns GramWatch::write(std::span<std::int64_t> correct) const {
  if (!by_products_) return watch_.write(correct);
  for (std::size_t k = 0; k < positive_.size(); ++k)
    correct[k] = k == 1 ? positive_[k] : test_.counts()[k] - positive_[k];
  return {};
}

}  // namespace shapcpp
