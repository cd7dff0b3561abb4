#include "core/data/problem.hpp"

#include <vector>

#include "core/data/coordinates.hpp"
#include "core/data/require.hpp"

namespace shapcpp {
namespace {

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

struct Problem::Classes {
  Classes(std::size_t n_features, std::size_t n_classes, const LabelledSamples& train_side,
          const LabelledSamples& test_side, const ProblemSettings& settings)
      : count(n_classes),
        train(checked_classes(train_side, n_features, n_classes)),
        test(checked_classes(test_side, n_features, n_classes)) {
    require(n_features > 0, "there are no features");
    require(n_classes > 1, "there are fewer than two classes");
    require(settings.C > 0, "C is not positive");
    require(settings.class_weights.size() == n_classes, "one class weight per class is needed");
    require(settings.player_of_sample.size() == train.size(), "one player per sample is needed");
  }
  std::size_t count;
  std::vector<std::size_t> train;
  std::vector<std::size_t> test;
};

Problem::Problem(std::size_t n_features, std::size_t n_classes, LabelledSamples train,
                 LabelledSamples test, const ProblemSettings& settings,
                 const Checkpoint& checkpoint)
    : Problem(n_features, Classes(n_features, n_classes, train, test, settings), train, test,
              settings, checkpoint) {}

Problem::Problem(std::size_t n_features, const Classes& classes, LabelledSamples train,
                 LabelledSamples test, const ProblemSettings& settings,
                 const Checkpoint& checkpoint)
    : Problem(Coordinates(train.values, n_features, settings.C, settings.squares, checkpoint),
              classes, train, test, settings, checkpoint) {}

Problem::Problem(const Coordinates& coordinates, const Classes& classes, LabelledSamples train,
                 LabelledSamples test, const ProblemSettings& settings,
                 const Checkpoint& checkpoint)
    : squares_(settings.squares),
      players_(settings.player_of_sample),
      training_(train.values, classes.train, settings.class_weights, coordinates, checkpoint),
      test_(test.values, classes.test, classes.count, coordinates, checkpoint),
      conventions_(settings.empty_counts, test_.counts(), settings.single_class) {}

double Problem::bytes(const RunShape& shape) {
  return Players::bytes(shape) + TrainingSet::bytes(shape) + TestSet::bytes(shape);
}

}  // namespace shapcpp
