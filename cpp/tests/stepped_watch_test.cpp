// The judge that lets margins advance by steps, against plain counts, where single precision
// decides wrongly unless its error is allowed for.
#include "core/judges/stepped_watch.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kClasses = 3;
constexpr int kCoalitions = 120;
constexpr double kShare = 1e-15;

using Weights = std::array<std::array<double, 2>, kClasses>;

// Weights that are exact, and the step that led to them.
class Known final : public SteppedScores {
 public:
  Known(const Weights& weights, const CommonStep& step) : weights_(weights), step_(step) {}

  const CommonStep& last_step() const override { return step_; }
  bool has(std::size_t) const override { return true; }
  void write_weights(std::size_t k, std::span<double> weights) const override {
    std::copy(weights_[k].begin(), weights_[k].end(), weights.begin());
  }
  double length(const Pair&) const override { return 1; }
  double reach(const Pair&) const override { return 2 * kShare; }
  double share_of_reach(std::size_t) const override { return kShare; }
  double error(const Pair&, const AlignedVector&, double norm) const override {
    return 2 * kShare * norm;
  }
  double rounding(const Pair&) const override { return 0; }
  Verdict settle(const Pair& pair, const AlignedVector& x, double, double) const override {
    return leads(pair.leader, pair.rival, x[0]) ? Verdict::kLeads : Verdict::kTrails;
  }
  bool leads(std::size_t a, std::size_t b, double x) const {
    return (static_cast<long double>(weights_[a][0]) - weights_[b][0]) * x + weights_[a][1] >
           static_cast<long double>(weights_[b][1]);
  }

 private:
  const Weights& weights_;
  const CommonStep& step_;
};

// The weights of each coalition, and the steps between them: all weights drift, and turn around
// each other.
struct Walk {
  std::vector<Weights> weights;
  std::vector<CommonStep> steps;
};

Walk walk() {
  std::mt19937_64 words(1);
  const auto uniform = [&] { return static_cast<double>(words() >> 11) / 0x1p52 - 1; };
  Walk walk{{{{{1.0, 0.2}, {-0.6, 0.1}, {0.1, -0.4}}}}, {CommonStep{}}};
  for (int i = 1; i < kCoalitions; ++i) {
    CommonStep step{.number = i, .direction = AlignedVector(8), .lengths = {}};
    Weights next = walk.weights.back();
    for (std::size_t j = 0; j < 2; ++j) step.direction[j] = uniform();
    for (std::size_t k = 0; k < kClasses; ++k) {
      step.lengths.push_back(0.2 * uniform());
      for (std::size_t j = 0; j < 2; ++j) next[k][j] += step.lengths[k] * step.direction[j];
    }
    walk.weights.push_back(next);
    walk.steps.push_back(step);
  }
  return walk;
}

// One feature. Samples lie close to where two classes meet in some coalition, on both sides.
Problem samples_beside(const Walk& walk) {
  const std::vector<double> train{-1, 1, -1, 1};
  const std::vector<std::int64_t> classes{0, 1, 0, 1};
  const std::vector<double> weights(kClasses, 1.0);
  const std::vector<std::int64_t> players{0, 1, 2, 3};
  const std::vector<std::int64_t> empty(kClasses, 0);
  std::vector<double> test;
  std::vector<std::int64_t> classes_test;
  for (const Weights& own : walk.weights)
    for (std::size_t a = 0; a < kClasses; ++a) {
      const std::size_t b = (a + 1) % kClasses;
      const double border = (own[b][1] - own[a][1]) / (own[a][0] - own[b][0]);
      for (const double away : {1e-8, 3e-8, 1e-7, 3e-7, 1e-6, 3e-6})
        for (const double side : {-away, away})
          for (const std::size_t k : {a, b}) {
            test.push_back(border + side * (1 + std::abs(border)));
            classes_test.push_back(static_cast<std::int64_t>(k));
          }
    }
  return Problem(1, kClasses, {train, classes}, {test, classes_test},
                 {.class_weights = weights, .player_of_sample = players, .empty_counts = empty},
                 [] {});
}

std::vector<std::int64_t> plain_counts(const Problem& problem, const Known& known) {
  std::vector<std::int64_t> counts(kClasses);
  for (std::size_t k = 0; k < kClasses; ++k) {
    const SampleTiles& samples = problem.test().samples(k);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      bool leads = true;
      for (std::size_t b = 0; b < kClasses; ++b)
        leads = leads && (b == k || known.leads(k, b, samples.value(i, 0)));
      counts[k] += leads ? 1 : 0;
    }
  }
  return counts;
}

// Judges these coalitions of the walk, in this order, and compares each with plain counts.
Statistics judge(const Walk& way, const Problem& problem, const std::vector<std::size_t>& visited) {
  const Checkpoint checkpoint = [] {};
  Statistics statistics;
  SteppedWatch watch(problem, {checkpoint, statistics});
  watch.clear();
  for (const std::size_t i : visited) {
    const Known known(way.weights[i], way.steps[i]);
    watch.begin();
    if (!watch.decide(known)) watch.decide_what_can_be(known);
    std::vector<std::int64_t> counts(kClasses);
    CHECK(watch.write(counts).uncertified == 0);
    CHECK(counts == plain_counts(problem, known));
  }
  return statistics;
}

TEST("margins that advance by steps of all classes decide no sign wrongly") {
  const Walk way = walk();
  const Problem problem = samples_beside(way);
  std::vector<std::size_t> all(way.weights.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const Statistics statistics = judge(way, problem, all);
  const auto evaluations = static_cast<double>(statistics.test_evaluations);
  double total = 0;
  for (const std::int64_t count : problem.test().counts()) total += static_cast<double>(count);
  CHECK(evaluations < 1.5 * kCoalitions * total);  // less than two classes of each sample
  CHECK(statistics.references < kCoalitions / 8);
}

TEST("a step that does not lead from the weights last judged is not taken") {
  const Walk way = walk();
  judge(way, samples_beside(way), {0, 1, 2, 4, 5, 6, 9, 3, 4, 5, 7});
}

}  // namespace
}  // namespace shapcpp::tests
