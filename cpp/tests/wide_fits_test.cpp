// Fits of the learners that walk dual paths: a judge and then a predictor may ask for one of the
// same coalition.
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/dual/wide_logistic.hpp"
#include "core/learners/dual/wide_one_against_rest.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kSamples = 70;
constexpr std::size_t kFeatures = 60;
const Checkpoint kGoOn = [] {};

// More samples than features, which keeps all columns, and with them the dual paths.
Problem ordinary(std::size_t n_classes) {
  std::mt19937_64 words(2);
  std::normal_distribution<double> normal;
  std::vector<double> x(kSamples * kFeatures);
  for (double& value : x) value = normal(words);
  std::vector<std::int64_t> classes(kSamples), players(kSamples);
  std::iota(players.begin(), players.end(), 0);
  for (std::size_t i = 0; i < kSamples; ++i) classes[i] = static_cast<std::int64_t>(i % n_classes);
  const std::vector<double> weights(n_classes, 1.0);
  const std::vector<std::int64_t> empty(n_classes, 0);
  return Problem(kFeatures, n_classes, {x, classes}, {x, classes},
                 {.class_weights = weights, .player_of_sample = players, .empty_counts = empty},
                 kGoOn);
}

std::vector<double> weights_of(const FittedScores& fitted, const Problem& problem) {
  std::vector<double> all;
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    std::vector<double> weights(problem.columns());
    fitted.write_weights(k, weights);
    all.insert(all.end(), weights.begin(), weights.end());
  }
  return all;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (std::size_t j = 0; j < a.size(); ++j) squares += (a[j] - b[j]) * (a[j] - b[j]);
  return std::sqrt(squares);
}

// A fit is far more exact than the estimate before it, from which the next one may start.
template <class Learner>
void fit_each_coalition_twice(std::size_t n_classes) {
  const Problem problem = ordinary(n_classes);
  Statistics statistics;
  const Context context{kGoOn, statistics};
  const Gram gram(problem, true, kGoOn);
  Learner learner(problem, context, gram);
  learner.clear();
  OpenPairs open(n_classes);
  open.add_all();
  for (std::size_t i = 0; i < kSamples; ++i) {
    learner.join(i);
    if (i < n_classes) continue;
    learner.estimate();
    const FittedScores& first = learner.fit(open);
    const std::vector<double> weights = weights_of(first, problem);
    double reach = 0;
    for (std::size_t k = 1; k < n_classes; ++k) reach += first.reach({0, k});
    learner.estimate();
    const FittedScores& second = learner.fit(open);
    for (std::size_t k = 1; k < n_classes; ++k) reach += second.reach({0, k});
    CHECK(distance(weights_of(second, problem), weights) <= reach);
  }
}

TEST("a second fit of a coalition is as good as the first, with two classes") {
  fit_each_coalition_twice<WideLogistic>(2);
}

TEST("a second fit of a coalition is as good as the first, with three classes") {
  fit_each_coalition_twice<WideOneAgainstRest>(3);
}

}  // namespace
}  // namespace shapcpp::tests
