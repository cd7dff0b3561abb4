// Products by panels, and orthonormal rows, across the borders of panels.
#include "core/numerics/orthonormal.hpp"

#include <cmath>

#include "core/samplers/random_words.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

using Eigen::Index;

// Whole numbers from -512 to 511, so that products are exact in any order.
RowMatrix whole_numbers(Index height, Index width) {
  RandomWords words(5, static_cast<std::uint64_t>(height * 1000 + width));
  return RowMatrix::NullaryExpr(height, width,
                                [&] { return static_cast<double>(words.next() >> 54) - 512; });
}

TEST("products by panels are those of the matrix") {
  for (const Index height : {1, 5, 64})
    for (const Index depth : {1, 63, 64, 130})
      for (const Index width : {1, 31, 32, 33, 97}) {
        const RowMatrix left = whole_numbers(height, depth);
        const RowMatrix right = whole_numbers(depth, width);
        const RowMatrix product = left * right;
        const Panels panels(right);
        CHECK(panels.product(left) == product);
        if (width > Panels::kWidth)
          CHECK(panels.product(left, Panels::kWidth) == product.rightCols(width - Panels::kWidth));
        const RowMatrix wider = whole_numbers(height, depth + 3);
        CHECK(panels.product(wider.middleCols(2, depth)) ==
              RowMatrix(wider.middleCols(2, depth) * right));
      }
}

// How far from orthonormal the rows are, and how much of `vectors`, relative to the length of each,
// they do not span.
double defect(const RowMatrix& rows) {
  return (rows * rows.transpose() - RowMatrix::Identity(rows.rows(), rows.rows())).norm();
}
double largest_rest(const RowMatrix& vectors, const RowMatrix& rows) {
  double most = 0;
  for (Index i = 0; i < vectors.rows(); ++i) {
    const double length = vectors.row(i).norm();
    const Eigen::RowVectorXd rest = vectors.row(i) - vectors.row(i) * rows.transpose() * rows;
    if (length > 0) most = std::max(most, rest.norm() / length);
  }
  return most;
}

TEST("orthonormal rows span the vectors, dependent ones too") {
  for (const Index height : {1, 2, 31, 32, 33, 70, 129})
    for (const Index width : {height + 1, 2 * height, Index{300}}) {
      RowMatrix vectors = whole_numbers(height, width) / 1024;
      const auto holds = [&] {
        const RowMatrix rows = orthonormal_rows(vectors, [] {});
        CHECK(rows.rows() == height && rows.cols() == width);
        CHECK(defect(rows) < 1e-13);
        CHECK(largest_rest(vectors, rows) < 1e-13);
      };
      holds();
      vectors.row(0) = vectors.row(height / 2);
      vectors.row(height - 1) *= 1e-12;
      holds();
      vectors.row(height / 3).setZero();
      vectors.col(0).setZero();
      holds();
      // What is left of a row beside its axis is so small that its square loses digits.
      for (const double tiny : {1e-161, 3.2e-162, 4e-162, 1e-140, 1e-200}) {
        vectors.row(0) = Eigen::RowVectorXd::Unit(width, 0);
        vectors.row(height - 1) = -vectors.row(0);
        vectors(height - 1, width - 1) = tiny;
        holds();
      }
      vectors.setZero();
      holds();
      vectors(height - 1, width - 1) = 1;
      holds();
    }
}

}  // namespace
}  // namespace shapcpp::tests
