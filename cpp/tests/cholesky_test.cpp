// The Cholesky factor, across the borders of its blocks.
#include "core/numerics/cholesky.hpp"

#include <cmath>

#include "core/samplers/random_words.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

// A symmetric matrix with eigenvalues from 1 on, above the diagonal garbage.
RowMatrix definite(Eigen::Index n) {
  RandomWords words(3, static_cast<std::uint64_t>(n));
  RowMatrix root(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j)
      root(i, j) = std::ldexp(static_cast<double>(words.next() >> 11), -52) - 1;
  RowMatrix matrix = root * root.transpose() + RowMatrix::Identity(n, n);
  matrix.triangularView<Eigen::StrictlyUpper>().setConstant(1e9);
  return matrix;
}

TEST("a factor solves, multiplies and inverts as its matrix does") {
  for (const Eigen::Index n : {1, 7, 8, 31, 32, 33, 70, 97}) {
    const RowMatrix matrix = definite(n);
    const Eigen::MatrixXd whole = matrix.selfadjointView<Eigen::Lower>();
    Cholesky factor(kernels::kernels());
    CHECK(factor.factor(matrix, [] {}));
    const Eigen::VectorXd v = Eigen::VectorXd::LinSpaced(n, -1, 2);
    CHECK((whole * factor.solve(v) - v).norm() < 1e-11 * static_cast<double>(n));
    const Eigen::VectorXd half = factor.solve_lower(v);
    CHECK(std::abs(half.squaredNorm() - v.dot(factor.solve(v))) < 1e-11 * (1 + v.norm()));
    CHECK(std::abs(factor.turned_product(v).squaredNorm() - v.dot(whole * v)) <
          1e-12 * (1 + v.dot(whole * v)));
    const Eigen::MatrixXd inverse = factor.inverse([] {});
    CHECK((inverse * v - half).norm() < 1e-11 * (1 + half.norm()));
    CHECK(inverse.triangularView<Eigen::StrictlyUpper>().toDenseMatrix().norm() == 0);
  }
}

TEST("a matrix that is not positive definite has no factor") {
  for (const Eigen::Index at : {0, 5, 33, 39}) {
    RowMatrix matrix = definite(40);
    matrix(at, at) = -1;
    CHECK(!Cholesky(kernels::kernels()).factor(matrix, [] {}));
    matrix(at, at) = std::nan("");
    CHECK(!Cholesky(kernels::kernels()).factor(matrix, [] {}));
  }
}

}  // namespace
}  // namespace shapcpp::tests
