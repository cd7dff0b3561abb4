// Products with samples in whole numbers, against long doubles.
#include "core/data/whole_samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "core/data/problem.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kTests = 100;
constexpr std::size_t kClasses = 2;

// Columns of many scales; a few samples far from the others if `wild`.
Problem samples_of(std::size_t features, bool wild, std::mt19937_64& words) {
  std::normal_distribution<double> normal;
  std::vector<double> train(4 * features);
  std::vector<double> test(kTests * features);
  for (double& value : train) value = normal(words);
  for (std::size_t i = 0; i < test.size(); ++i) {
    const double value = normal(words);
    test[i] = wild ? std::exp(4 * value) : value;
  }
  const std::vector<std::int64_t> classes{0, 1, 0, 1};
  std::vector<std::int64_t> classes_test(kTests);
  for (std::size_t i = 0; i < kTests; ++i) classes_test[i] = i % 3 == 0 ? 1 : 0;
  const std::vector<double> weights(kClasses, 1.0);
  const std::vector<std::int64_t> players{0, 1, 2, 3};
  const std::vector<std::int64_t> empty(kClasses, 0);
  return Problem(features, kClasses, {train, classes}, {test, classes_test},
                 {.class_weights = weights, .player_of_sample = players, .empty_counts = empty},
                 [] {});
}

// The largest error of a product relative to its bound.
double share_of_bound(const Problem& problem, const WholeSamples& samples, const AlignedVector& v,
                      const WholeSamples::Vector& written) {
  const float step = 1;
  double most = 0;
  for (std::size_t k = 0; k < kClasses; ++k) {
    const SampleTiles& tiles = problem.test().samples(k);
    const std::size_t rows = padded_rows(tiles.size());
    Aligned<float> products(rows);
    const Aligned<float> known(rows);
    std::vector<unsigned short> open(rows);
    std::size_t within = 0;
    kernels::kernels().advance(samples.samples(k, 0), samples.view(written), &step, 1, 0,
                               known.data(), rows, products.data(), &within, open.data());
    for (std::size_t i = 0; i < tiles.size(); ++i) {
      long double exact = 0;
      for (std::size_t j = 0; j < problem.columns(); ++j)
        exact += static_cast<long double>(tiles.value(i, j)) * v[j];
      exact /= problem.test().norms(k)[i];
      CHECK(std::abs(exact) <= 1.01 * written.size + written.error);
      const auto error =
          static_cast<double>(std::abs(exact - static_cast<long double>(products[i])));
      most = std::max(most, error / written.error);
    }
  }
  return most;
}

TEST("products of whole numbers err by no more than their bound") {
  std::mt19937_64 words(1);
  std::normal_distribution<double> normal;
  for (const std::size_t features : {1, 2, 7, 16, 63, 64, 65, 130})
    for (const bool wild : {false, true}) {
      const Problem problem = samples_of(features, wild, words);
      const WholeSamples samples(problem.test(), problem.columns(), kernels::kernels());
      WholeSamples::Vector written;
      for (int repeat = 0; repeat < 20; ++repeat) {
        AlignedVector v(padded_columns(problem.columns()));
        for (std::size_t j = 0; j < problem.columns(); ++j) v[j] = normal(words);
        if (repeat % 4 == 1) v[0] *= 1e6;
        const double scale = std::pow(10.0, 4 * (repeat % 5) - 8);
        for (double& number : v) number *= scale;
        samples.write(v, written);
        const double length = std::sqrt(kernels::kernels().dot(v.data(), v.data(), v.size()));
        CHECK(written.error < 1e-3 * length);
        CHECK(share_of_bound(problem, samples, v, written) <= 1);
      }
    }
}

TEST("a vector without a size in whole numbers has no bound, and zero has no error") {
  std::mt19937_64 words(2);
  const Problem problem = samples_of(3, false, words);
  const WholeSamples samples(problem.test(), problem.columns(), kernels::kernels());
  WholeSamples::Vector written;
  AlignedVector v(padded_columns(problem.columns()));
  samples.write(v, written);
  CHECK(written.error == 0);
  CHECK(written.size == 0);
  for (const double number : {1e-60, 1e60, std::nan("")}) {
    v[1] = number;
    samples.write(v, written);
    CHECK(!std::isfinite(written.error));
  }
}

}  // namespace
}  // namespace shapcpp::tests
