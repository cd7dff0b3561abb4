// Training and test samples in working coordinates, labels, weights, penalty, players, conventions.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class Coordinates;

// Counts of correct test predictions, one per class.
using Counts = std::vector<std::int64_t>;

// What a coalition of one class scores: the constant prediction of that class, or what the empty
// coalition scores.
enum class SingleClass { kConstant, kCarry };

// Row-major samples and the class of each, as the caller holds them.
struct LabelledSamples {
  std::span<const double> values;
  std::span<const std::int64_t> classes;
};

struct ProblemSettings {
  double C = 1.0;
  std::span<const double> class_weights;           // one per class
  std::span<const std::int64_t> player_of_sample;  // 0 .. n_players - 1, each at least once
  std::span<const std::int64_t> empty_counts;      // what the empty coalition scores
  SingleClass single_class = SingleClass::kConstant;
};

class Problem {
 public:
  // Throws std::invalid_argument where sizes disagree, std::length_error where they overflow, and
  // what the checkpoint throws, which need not outlive the construction.
  Problem(std::size_t n_features, std::size_t n_classes, LabelledSamples train,
          LabelledSamples test, const ProblemSettings& settings, const Checkpoint& checkpoint);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  std::size_t n_samples() const { return classes_.size(); }
  std::size_t n_players() const { return first_member_.size() - 1; }
  std::size_t n_classes() const { return test_counts_.size(); }
  std::size_t columns() const { return columns_; }

  std::span<const double> sample(std::size_t i) const {
    return {samples_.data() + i * columns_, columns_};
  }
  // Asks the memory for the first sample of a player.
  void prefetch(std::size_t player) const {
    const double* values = samples_.data() + members_[first_member_[player]] * columns_;
    for (std::size_t j = 0; j < columns_; j += 8) __builtin_prefetch(values + j);
  }
  double sample_norm(std::size_t i) const { return norms_[i]; }
  std::size_t class_of(std::size_t i) const { return classes_[i]; }
  // +1 for class 1, -1 for class 0.
  double sign_of(std::size_t i) const { return classes_[i] == 1 ? 1.0 : -1.0; }
  double weight_of(std::size_t i) const { return class_weights_[classes_[i]]; }
  std::span<const std::size_t> members(std::size_t player) const {
    return std::span(members_).subspan(first_member_[player],
                                       first_member_[player + 1] - first_member_[player]);
  }

  // Diagonal of the penalty, per column; 0 for the intercept.
  const Eigen::VectorXd& penalty() const { return penalty_; }
  // Bound on |dx| / |x| for the error dx of a training sample that comes from rotations into spans
  // of the training samples; 0 without one.
  double rotation_error() const { return rotation_error_; }
  // The least penalty of a column that such a rotation made; 0 without one.
  double rotated_penalty() const { return rotated_penalty_; }
  // Bound on the length of what of a test sample is outside those spans, relative to its norm here.
  double outside() const { return outside_; }

  // Test samples of one class, and bounds on their Euclidean norms padded to whole tiles with NaN,
  // which compares as neither within a bound nor beyond it.
  const SampleTiles& test_samples(std::size_t k) const { return test_samples_[k]; }
  const AlignedVector& test_norms(std::size_t k) const { return test_norms_[k]; }
  // The same in single precision.
  const Tiles<float>& single_test_samples(std::size_t k) const { return single_test_samples_[k]; }
  const Aligned<float>& single_test_norms(std::size_t k) const { return single_test_norms_[k]; }
  double largest_test_norm() const { return largest_test_norm_; }
  const Counts& test_counts() const { return test_counts_; }
  const Counts& empty_counts() const { return empty_counts_; }
  // Writes the score of a coalition with this many members of each class, if it has fewer than two
  // classes and so trains no model; else false.
  bool score_without_model(std::span<const std::size_t> class_sizes,
                           std::span<std::int64_t> correct) const;
  SingleClass single_class() const { return single_class_; }

 private:
  void set_players(std::span<const std::int64_t> player_of_sample);
  void set_training(std::span<const double> values, const Coordinates& coordinates,
                    const Checkpoint& checkpoint);
  void set_test(LabelledSamples test, std::size_t n_features, std::size_t n_classes,
                const Coordinates& coordinates, const Checkpoint& checkpoint);

  std::size_t columns_;
  Eigen::VectorXd penalty_;
  double rotation_error_;
  double rotated_penalty_;
  double outside_ = 0;
  double largest_test_norm_ = 0;
  AlignedVector samples_;
  std::vector<double> norms_;
  std::vector<std::size_t> classes_;
  std::vector<double> class_weights_;
  std::vector<std::size_t> members_;
  std::vector<std::size_t> first_member_;
  std::vector<SampleTiles> test_samples_;
  std::vector<AlignedVector> test_norms_;
  std::vector<Tiles<float>> single_test_samples_;
  std::vector<Aligned<float>> single_test_norms_;
  Counts test_counts_;
  Counts empty_counts_;
  SingleClass single_class_;
};

}  // namespace shapcpp
