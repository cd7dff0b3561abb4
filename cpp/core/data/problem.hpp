// The problem of a run: training and test samples in working coordinates, players, conventions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/data/conventions.hpp"
#include "core/data/players.hpp"
#include "core/data/test_set.hpp"
#include "core/data/training_set.hpp"
#include "core/run/checkpoint.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Row-major samples and the class of each, as the caller holds them.
struct LabelledSamples {
  std::span<const double> values;
  std::span<const std::int64_t> classes;
};

struct ProblemSettings {
  double C = 1.0;
  std::span<const double> class_weights;           // one per class
  std::span<const std::int64_t> player_of_sample;  // 0 .. n_players - 1, each at least once
  std::span<const std::int64_t> empty_counts;      // score of the empty coalition
  SingleClass single_class = SingleClass::kConstant;
  bool squares = false;  // of the features are columns too; see Coordinates
};

class Problem {
 public:
  // Throws std::invalid_argument if sizes disagree, std::length_error if they overflow, and what
  // the checkpoint throws. The checkpoint need not outlive the construction.
  Problem(std::size_t n_features, std::size_t n_classes, LabelledSamples train,
          LabelledSamples test, const ProblemSettings& settings, const Checkpoint& checkpoint);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  std::size_t n_classes() const { return test_.counts().size(); }
  std::size_t columns() const { return training_.columns(); }
  // Whether the squares of the features are columns too.
  bool has_squares() const { return squares_; }
  const Players& players() const { return players_; }
  const TrainingSet& training() const { return training_; }
  const TestSet& test() const { return test_; }
  const Conventions& conventions() const { return conventions_; }

 private:
  // Made from the classes of both sides once these are known to be valid.
  struct Classes;
  Problem(std::size_t n_features, const Classes& classes, LabelledSamples train,
          LabelledSamples test, const ProblemSettings& settings, const Checkpoint& checkpoint);
  Problem(const Coordinates& coordinates, const Classes& classes, LabelledSamples train,
          LabelledSamples test, const ProblemSettings& settings, const Checkpoint& checkpoint);

  bool squares_;
  Players players_;
  TrainingSet training_;
  TestSet test_;
  Conventions conventions_;
};

}  // namespace shapcpp
