// The loops over the small vectors of a path against plain loops.
#include <cmath>
#include <cstddef>
#include <random>

#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kStrides[] = {8, 16, 24, 72};

struct Draw {
  std::mt19937_64 words{7};
  std::normal_distribution<double> normal;
  AlignedVector operator()(std::size_t size) {
    AlignedVector values(size);
    for (double& value : values) value = normal(words);
    return values;
  }
};

bool is_near(double a, double b) {
  return std::abs(a - b) <= 1e-13 * (1 + std::abs(b));
}

double dot(const AlignedVector& a, const AlignedVector& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

// The sum of weights[j] * a[j]^2.
double weighted(const AlignedVector& a, const AlignedVector& weights) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += weights[j] * a[j] * a[j];
  return sum;
}

}  // namespace

TEST("four products with one vector, and plain and weighted sums, are those of plain loops") {
  const kernels::Kernels& loops = kernels::kernels();
  Draw draw;
  for (const std::size_t stride : kStrides) {
    const AlignedVector own = draw(stride);
    const AlignedVector others[] = {draw(stride), draw(stride), draw(stride), draw(stride)};
    const double* addresses[] = {others[0].data(), others[1].data(), others[2].data(),
                                 others[3].data()};
    double products[4];
    loops.four_dots(own.data(), addresses, stride, products);
    for (std::size_t i = 0; i < 4; ++i) CHECK(is_near(products[i], dot(own, others[i])));
    const kernels::Sums sums = loops.sums(own.data(), others[0].data(), stride);
    CHECK(is_near(sums.plain, dot(own, AlignedVector(stride, 1.0))));
    CHECK(is_near(sums.weighted, dot(own, others[0])));
  }
}

TEST("vectors that grow have the sizes that plain loops find") {
  const kernels::Kernels& loops = kernels::kernels();
  Draw draw;
  for (const std::size_t stride : kStrides) {
    const AlignedVector before = draw(stride), vector = draw(stride), other = draw(stride);
    AlignedVector squares = before, sum = before;
    loops.add_scaled_squares(squares.data(), stride, vector.data(), 0.5);
    const kernels::Extended extended =
        loops.extend(sum.data(), stride, vector.data(), -0.7, other.data());
    for (std::size_t j = 0; j < stride; ++j) {
      CHECK(is_near(squares[j], before[j] + 0.5 * vector[j] * vector[j]));
      CHECK(is_near(sum[j], before[j] - 0.7 * vector[j]));
    }
    CHECK(is_near(extended.square, dot(sum, sum)));
    CHECK(is_near(extended.product, dot(sum, other)));
  }
}

TEST("a step and the move of an anchor are those of plain loops") {
  const kernels::Kernels& loops = kernels::kernels();
  Draw draw;
  for (const std::size_t stride : kStrides) {
    const AlignedVector solution = draw(stride), gradient = draw(stride), weights = draw(stride);
    AlignedVector step = solution, curved(stride);
    const kernels::StepSizes sizes =
        loops.take_step(step.data(), curved.data(), stride, gradient.data(), weights.data());
    CHECK(is_near(sizes.fall, dot(solution, gradient)));
    CHECK(is_near(sizes.squares.plain, dot(solution, solution)));
    CHECK(is_near(sizes.squares.weighted, weighted(solution, weights)));

    const AlignedVector from = draw(stride), slope = draw(stride);
    AlignedVector displacement = from, linear = slope, moved_gradient = draw(stride);
    const kernels::AnchorSizes anchor =
        loops.move_anchor(displacement.data(), step.data(), linear.data(), curved.data(),
                          moved_gradient.data(), stride, weights.data());
    for (std::size_t j = 0; j < stride; ++j) {
      CHECK(displacement[j] == from[j] - solution[j]);
      CHECK(linear[j] == slope[j] - gradient[j]);
      CHECK(moved_gradient[j] == linear[j]);
      CHECK(step[j] == 0 && curved[j] == 0);
    }
    CHECK(is_near(anchor.displacement.plain, dot(displacement, displacement)));
    CHECK(is_near(anchor.displacement.weighted, weighted(displacement, weights)));
    CHECK(is_near(anchor.linear, dot(linear, linear)));
  }
}

}  // namespace shapcpp::tests
