#include "core/data/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/data/coordinates.hpp"

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

}  // namespace

Problem::Problem(std::size_t n_features, std::size_t n_classes, LabelledSamples train,
                 LabelledSamples test, const ProblemSettings& settings,
                 const Checkpoint& checkpoint)
    : classes_(checked_classes(train, n_features, n_classes)),
      class_weights_(settings.class_weights.begin(), settings.class_weights.end()),
      empty_counts_(settings.empty_counts.begin(), settings.empty_counts.end()),
      single_class_(settings.single_class) {
  require(n_features > 0, "there are no features");
  require(n_classes == 2, "the engine knows two classes");
  require(settings.C > 0, "C is not positive");
  require(class_weights_.size() == n_classes, "one class weight per class is needed");
  require(empty_counts_.size() == n_classes, "one empty count per class is needed");
  set_players(settings.player_of_sample);

  const Coordinates coordinates(train.values, n_features, settings.C, checkpoint);
  columns_ = coordinates.columns();
  penalty_ = coordinates.penalty();
  rotation_error_ = coordinates.rotation_error();
  rotated_penalty_ = coordinates.rotated_penalty();
  set_training(train.values, coordinates, checkpoint);
  set_test(test, n_features, n_classes, coordinates, checkpoint);
}

double Problem::bytes(const RunShape& s) {
  return kNumberBytes * (s.samples() * (s.columns() +            // training samples
                                        1 + 1 + 1) +             // their norms, classes and players
                         s.players() +                           // where the samples of each begin
                         s.tests() * (s.tiled_columns() + 1)) +  // test samples and their norms
         kSingleBytes * s.tests() * (s.tiled_columns() + 1);     // and again in single precision
}

bool Problem::score_without_model(std::span<const std::size_t> class_sizes,
                                  std::span<std::int64_t> correct) const {
  std::size_t present = n_classes();
  std::size_t n_present = 0;
  for (std::size_t k = 0; k < class_sizes.size(); ++k)
    if (class_sizes[k] > 0) {
      present = k;
      ++n_present;
    }
  if (n_present > 1) return false;
  if (n_present == 0 || single_class_ == SingleClass::kCarry) {
    std::copy(empty_counts_.begin(), empty_counts_.end(), correct.begin());
  } else {
    std::fill(correct.begin(), correct.end(), 0);
    correct[present] = test_counts_[present];
  }
  return true;
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

void Problem::set_training(std::span<const double> values, const Coordinates& coordinates,
                           const Checkpoint& checkpoint) {
  samples_.resize(checked_product(n_samples(), columns_, "the training set"));
  norms_.resize(n_samples());
  coordinates.for_each(values, checkpoint,
                       [&](std::size_t i, std::span<const double> sample, double norm, double) {
                         std::copy(sample.begin(), sample.end(), samples_.data() + i * columns_);
                         norms_[i] = norm;
                       });
}

void Problem::set_test(LabelledSamples test, std::size_t n_features, std::size_t n_classes,
                       const Coordinates& coordinates, const Checkpoint& checkpoint) {
  const auto classes = checked_classes(test, n_features, n_classes);
  test_counts_.assign(n_classes, 0);
  for (const auto k : classes) ++test_counts_[k];
  for (std::size_t k = 0; k < n_classes; ++k) {
    const auto count = static_cast<std::size_t>(test_counts_[k]);
    test_samples_.emplace_back(columns_, count);
    single_test_samples_.emplace_back(columns_, count);
    test_norms_.emplace_back(tiled_rows(count), std::numeric_limits<double>::quiet_NaN());
  }
  std::vector<std::vector<double>> outside(n_classes);
  double shares = 0;
  coordinates.for_each(
      test.values, checkpoint,
      [&](std::size_t i, std::span<const double> sample, double norm, double length_outside) {
        SampleTiles& side = test_samples_[classes[i]];
        test_norms_[classes[i]][side.size()] = norm;
        side.append(sample);
        single_test_samples_[classes[i]].append(sample);
        outside[classes[i]].push_back(length_outside);
        shares += length_outside / norm;
      });
  // A bound for most; the norms of the few that exceed it are enlarged.
  outside_ = 4 * shares / static_cast<double>(classes.size());
  if (outside_ > 0)
    for (std::size_t k = 0; k < n_classes; ++k)
      for (std::size_t i = 0; i < outside[k].size(); ++i)
        test_norms_[k][i] = std::max(test_norms_[k][i], outside[k][i] / outside_);
  for (const AlignedVector& norms : test_norms_)
    single_test_norms_.emplace_back(norms.begin(), norms.end());
  for (std::size_t k = 0; k < n_classes; ++k)
    for (std::size_t i = 0; i < test_samples_[k].size(); ++i)
      largest_test_norm_ = std::max(largest_test_norm_, test_norms_[k][i]);
}

}  // namespace shapcpp
