// Test samples row by row in single precision, against those in double precision.
#include "core/data/scaled_rows.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/data/problem.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

TEST("scaled rows are the samples over their norms, to a rounding of single precision") {
  constexpr std::size_t kFeatures = 3;
  const std::vector<double> train{0.5, -1, 2, 1, 0.25, -3};
  const std::vector<std::int64_t> classes{0, 1};
  const std::vector<double> test{1e-20, 3, 0.1, -7, 1e9, 1e-9, 0, 0, 0, 0.3, 0.7, -0.9};
  const std::vector<std::int64_t> classes_test{1, 0, 1, 1};
  const std::vector<double> weights(2, 1.0);
  const std::vector<std::int64_t> players{0, 1};
  const std::vector<std::int64_t> empty(2, 0);
  const Problem problem(
      kFeatures, 2, {train, classes}, {test, classes_test},
      {.class_weights = weights, .player_of_sample = players, .empty_counts = empty}, [] {});
  const ScaledRows rows(problem.test(), problem.columns());
  std::vector<double> sample(problem.columns());
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < problem.test().samples(k).size(); ++i) {
      rows.write(k, i, sample.data());
      for (std::size_t j = 0; j < problem.columns(); ++j) {
        const double exact = problem.test().samples(k).value(i, j) / problem.test().norms(k)[i];
        CHECK(std::abs(sample[j] - exact) <= 0x1p-24 * std::abs(exact) + 1e-45);
      }
    }
}

}  // namespace
}  // namespace shapcpp::tests
