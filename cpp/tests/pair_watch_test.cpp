// The judge of several classes against plain counts, where Lemma 16 is nearly attained.
#include "core/judges/pair_watch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kPerClass = 8000;
constexpr int kCoalitions = 400;

using Weights = std::vector<std::array<double, 2>>;

// Estimates of weights, and how far the true ones are from them.
class Known final : public FittedScores {
 public:
  Known(const Weights& estimate, const Weights& truth, double share)
      : estimate_(estimate), truth_(truth), share_(share) {}

  bool has(std::size_t) const override { return true; }
  void write_weights(std::size_t k, std::span<double> weights) const override {
    std::copy(estimate_[k].begin(), estimate_[k].end(), weights.begin());
  }
  double length(const Pair& pair) const override {
    const auto& [a, b] = pair;
    return std::hypot(estimate_[a][0] - estimate_[b][0], estimate_[a][1] - estimate_[b][1]);
  }
  double reach(const Pair&) const override { return 2 * share_; }
  double share_of_reach(std::size_t) const override { return share_; }
  double error(const Pair&, const AlignedVector&, double norm) const override {
    return 2 * share_ * norm;
  }
  double rounding(const Pair&) const override { return 0; }
  Verdict settle(const Pair& pair, const AlignedVector& x, double, double) const override {
    return margin(pair.leader, x[0], x[1]) > margin(pair.rival, x[0], x[1]) ? Verdict::kLeads
                                                                            : Verdict::kTrails;
  }
  double margin(std::size_t k, double x, double one) const {
    return truth_[k][0] * x + truth_[k][1] * one;
  }

 private:
  const Weights& estimate_;
  const Weights& truth_;
  double share_;
};

// One feature: samples (x, 1) of each class at all angles, close enough that for some of them no
// Cauchy inequality loses anything.
Problem samples_of(std::size_t n_classes) {
  const std::vector<double> train{-1, 1, -1, 1};
  const std::vector<std::int64_t> classes{0, 1, 0, 1};
  const std::vector<double> weights(n_classes, 1.0);
  const std::vector<std::int64_t> players{0, 1, 2, 3};
  const std::vector<std::int64_t> empty(n_classes, 0);
  std::vector<double> test;
  std::vector<std::int64_t> classes_test;
  for (std::size_t k = 0; k < n_classes; ++k)
    for (std::size_t i = 0; i < kPerClass; ++i) {
      test.push_back(std::tan(3.1 * (static_cast<double>(i) / kPerClass - 0.5)));
      classes_test.push_back(static_cast<std::int64_t>(k));
    }
  return Problem(1, n_classes, {train, classes}, {test, classes_test},
                 {.class_weights = weights, .player_of_sample = players, .empty_counts = empty},
                 [] {});
}

std::vector<std::int64_t> plain_counts(const Problem& problem, const Known& known) {
  std::vector<std::int64_t> counts(problem.n_classes());
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    const SampleTiles& samples = problem.test().samples(k);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      bool leads = true;
      for (std::size_t b = 0; b < problem.n_classes(); ++b)
        leads = leads && (b == k || known.margin(k, samples.value(i, 0), samples.value(i, 1)) >
                                        known.margin(b, samples.value(i, 0), samples.value(i, 1)));
      counts[k] += leads ? 1 : 0;
    }
  }
  return counts;
}

// The first two classes move apart, and the truth is ahead of the estimate by the reach: no other
// margin moves as far.
void follow(std::size_t n_classes, double share) {
  const Problem problem = samples_of(n_classes);
  const Checkpoint checkpoint = [] {};
  Statistics statistics;
  PairWatch watch(problem, {checkpoint, statistics});
  watch.clear();
  Weights estimate{{1.0, 0.2}, {-0.6, 0.1}, {0.1, -0.4}};
  estimate.resize(n_classes);
  for (int i = 0; i < kCoalitions; ++i) {
    const double angle = 0.7 + i / 100;  // turns once in 100 coalitions
    const std::array<double, 2> way{std::cos(angle), std::sin(angle)};
    Weights truth = estimate;
    for (std::size_t j = 0; j < 2; ++j) {
      estimate[0][j] += 0.002 * way[j];
      estimate[1][j] -= 0.002 * way[j];
      truth[0][j] = estimate[0][j] + share * way[j];
      truth[1][j] = estimate[1][j] - share * way[j];
    }
    const Known known(estimate, truth, share * (1 + 1e-9));
    watch.begin();
    watch.decide_what_can_be(known);
    std::vector<std::int64_t> counts(n_classes);
    CHECK(watch.write(counts).uncertified == 0);
    CHECK(counts == plain_counts(problem, known));
  }
  CHECK(statistics.references < kCoalitions / 3);
  CHECK(static_cast<double>(statistics.test_evaluations) <
        0.6 * kCoalitions * static_cast<double>(kPerClass * n_classes * n_classes));
}

TEST("samples that a pair watch leaves out have not turned, for two classes and several") {
  for (const std::size_t n_classes : {2U, 3U})
    for (const double share : {0.0, 0.001, 0.005}) follow(n_classes, share);
}

// Three classes of which each leads the next: no true margins do that.
class Circular final : public FittedScores {
 public:
  bool has(std::size_t) const override { return true; }
  void write_weights(std::size_t, std::span<double> weights) const override {
    std::fill(weights.begin(), weights.end(), 0.0);
  }
  double length(const Pair&) const override { return 0; }
  double reach(const Pair&) const override { return 1; }
  double share_of_reach(std::size_t) const override { return 1; }
  double error(const Pair&, const AlignedVector&, double norm) const override { return norm; }
  double rounding(const Pair&) const override { return 0; }
  Verdict settle(const Pair& pair, const AlignedVector&, double, double) const override {
    return (pair.leader + 1) % 3 == pair.rival ? Verdict::kLeads : Verdict::kTrails;
  }
};

TEST("a sample at which each class leads the next is uncertified") {
  const Problem problem = samples_of(3);
  const Checkpoint checkpoint = [] {};
  Statistics statistics;
  PairWatch watch(problem, {checkpoint, statistics});
  watch.clear();
  watch.begin();
  watch.decide_what_can_be(Circular());
  std::vector<std::int64_t> counts(3);
  CHECK(watch.write(counts).uncertified == 3 * kPerClass);
  CHECK(counts == std::vector<std::int64_t>(3));
}

}  // namespace
}  // namespace shapcpp::tests
