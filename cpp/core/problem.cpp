#include "problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace shapcpp {
namespace {

void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

std::vector<std::size_t> checked_classes(const LabelledSamples& side, std::size_t n_features,
                                         std::size_t n_classes) {
  require(!side.classes.empty(), "a side has no samples");
  require(side.values.size() ==
              checked_product(side.classes.size(), n_features, "a matrix of features"),
          "values and classes disagree in length");
  for (const auto k : side.classes)
    require(k >= 0 && static_cast<std::size_t>(k) < n_classes, "a class is out of range");
  return {side.classes.begin(), side.classes.end()};
}

double norm(std::span<const double> sample) {
  return Eigen::Map<const Eigen::VectorXd>(sample.data(), static_cast<Eigen::Index>(sample.size()))
      .stableNorm();
}

}  // namespace

Problem::Problem(std::size_t n_features, std::size_t n_classes, LabelledSamples train,
                 LabelledSamples test, const ProblemSettings& settings,
                 const Checkpoint& checkpoint)
    : columns_(n_features + 1),
      classes_(checked_classes(train, n_features, n_classes)),
      class_weights_(settings.class_weights.begin(), settings.class_weights.end()),
      empty_counts_(settings.empty_counts.begin(), settings.empty_counts.end()),
      single_class_(settings.single_class) {
  require(n_features > 0, "there are no features");
  require(n_classes == 2, "the engine knows two classes");
  require(settings.C > 0, "C is not positive");
  require(class_weights_.size() == n_classes, "one class weight per class is needed");
  require(empty_counts_.size() == n_classes, "one empty count per class is needed");
  set_players(settings.player_of_sample);
  choose_coordinates(train.values, settings.C, checkpoint);

  samples_.resize(checked_product(n_samples(), columns_, "the training set"));
  norms_.resize(n_samples());
  for (std::size_t i = 0; i < n_samples(); ++i) {
    checkpoint();
    to_working(train.values.data() + i * n_features, samples_.data() + i * columns_);
    norms_[i] = norm(sample(i));
  }
  set_test(test, n_classes, checkpoint);
}

void Problem::set_players(std::span<const std::int64_t> player_of_sample) {
  require(player_of_sample.size() == n_samples(), "one player per sample is needed");
  const std::int64_t last = *std::max_element(player_of_sample.begin(), player_of_sample.end());
  require(*std::min_element(player_of_sample.begin(), player_of_sample.end()) >= 0 &&
              static_cast<std::size_t>(last) < n_samples(),
          "a player is out of range");
  first_member_.assign(static_cast<std::size_t>(last) + 2, 0);
  for (const auto player : player_of_sample) ++first_member_[static_cast<std::size_t>(player) + 1];
  for (std::size_t p = 1; p < first_member_.size(); ++p) {
    require(first_member_[p] > 0, "a player has no samples");
    first_member_[p] += first_member_[p - 1];
  }
  members_.resize(n_samples());
  auto next = first_member_;
  for (std::size_t i = 0; i < n_samples(); ++i)
    members_[next[static_cast<std::size_t>(player_of_sample[i])]++] = i;
}

void Problem::choose_coordinates(std::span<const double> values, double C,
                                 const Checkpoint& checkpoint) {
  const std::size_t d = columns_ - 1;
  const auto n = static_cast<double>(n_samples());
  std::vector<double> low(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(d));
  std::vector<double> high = low;
  std::vector<double> spread(d, 0.0);
  centre_.assign(d, 0.0);
  for (std::size_t i = 0; i < n_samples(); ++i) {
    checkpoint();
    for (std::size_t j = 0; j < d; ++j) {
      const double x = values[i * d + j];
      low[j] = std::min(low[j], x);
      high[j] = std::max(high[j], x);
      centre_[j] += x / n;
    }
  }
  for (std::size_t j = 0; j < d; ++j)  // a constant column must become exactly zero
    if (low[j] == high[j]) centre_[j] = low[j];
  for (std::size_t i = 0; i < n_samples(); ++i) {
    checkpoint();
    for (std::size_t j = 0; j < d; ++j) {
      const double range = high[j] - low[j];
      const double deviation = range > 0 ? (values[i * d + j] - centre_[j]) / range : 0;
      spread[j] += deviation * deviation / n;
    }
  }
  factor_.assign(d, 1.0);
  penalty_ = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(columns_));
  for (std::size_t j = 0; j < d; ++j) {
    const double deviation = std::sqrt(spread[j]) * (high[j] - low[j]);
    if (deviation > 0)
      factor_[j] = std::ldexp(1.0, std::ilogb(std::min(1 / deviation, std::sqrt(C))));
    penalty_[static_cast<Eigen::Index>(j)] = factor_[j] * factor_[j] / C;
  }
}

void Problem::to_working(const double* values, double* sample) const {
  for (std::size_t j = 0; j + 1 < columns_; ++j) sample[j] = (values[j] - centre_[j]) * factor_[j];
  sample[columns_ - 1] = 1.0;
}

void Problem::set_test(LabelledSamples test, std::size_t n_classes, const Checkpoint& checkpoint) {
  const std::size_t d = columns_ - 1;
  const auto classes = checked_classes(test, d, n_classes);
  test_counts_.assign(n_classes, 0);
  for (const auto k : classes) ++test_counts_[k];
  for (std::size_t k = 0; k < n_classes; ++k) {
    const auto count = static_cast<std::size_t>(test_counts_[k]);
    test_samples_.emplace_back(columns_, count);
    single_test_samples_.emplace_back(columns_, count);
    test_norms_.emplace_back(tiled_rows(count), std::numeric_limits<double>::quiet_NaN());
  }
  std::vector<double> sample(columns_);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    checkpoint();
    to_working(test.values.data() + i * d, sample.data());
    SampleTiles& side = test_samples_[classes[i]];
    test_norms_[classes[i]][side.size()] = norm(sample);
    side.append(sample);
    single_test_samples_[classes[i]].append(sample);
  }
  for (const AlignedVector& norms : test_norms_)
    single_test_norms_.emplace_back(norms.begin(), norms.end());
}

}  // namespace shapcpp
