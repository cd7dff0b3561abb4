// Updates that wait change no product, and the loops over wide matrices are those of plain loops.
#include "core/numerics/updated_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp::tests {
namespace {

// Around the least width at which updates wait, and widths that are no multiple of a register.
constexpr std::size_t kWidths[] = {1, 7, 63, 64, 65, 71, 130, 201};

using Rows = std::vector<std::vector<double>>;

bool is_near(double value, double expected, double terms) {
  return std::abs(value - expected) <= 1e-13 * (1 + terms);
}

struct Draw {
  std::mt19937_64 words{5};
  std::normal_distribution<double> normal;
  AlignedVector vector(std::size_t columns) {
    AlignedVector values(padded_columns(columns));
    for (std::size_t j = 0; j < columns; ++j) values[j] = normal(words);
    return values;
  }
};

void add_plainly(Rows& rows, const AlignedVector& vector, double factor) {
  for (std::size_t j = 0; j < rows.size(); ++j)
    for (std::size_t l = 0; l < rows.size(); ++l) rows[j][l] += factor * vector[j] * vector[l];
}

bool has_products(const UpdatedMatrix& matrix, const Rows& rows, const AlignedVector& vector) {
  AlignedVector product(vector.size());
  matrix.multiply(vector, product);
  for (std::size_t j = 0; j < rows.size(); ++j) {
    double sum = 0;
    double terms = 0;
    for (std::size_t l = 0; l < rows.size(); ++l) {
      sum += rows[j][l] * vector[l];
      terms += std::abs(rows[j][l] * vector[l]);
    }
    if (!is_near(product[j], sum, terms)) return false;
    if (!is_near(matrix.diagonal()[j], rows[j][j], std::abs(rows[j][j]))) return false;
  }
  return true;
}

}  // namespace

TEST("a matrix under updates multiplies as if each had been added at once") {
  for (const std::size_t columns : kWidths) {
    Draw draw;
    UpdatedMatrix matrix(columns, kernels::kernels());
    for (int built = 0; built < 2; ++built) {
      Rows rows(columns, std::vector<double>(columns));
      const bool result = matrix.build([&](AlignedVector& values) {
        std::fill(values.begin(), values.end(), 0.0);
        for (std::size_t j = 0; j < columns; ++j)
          rows[j][j] = values[j * (padded_columns(columns) + 1)] = 2;
        return true;
      });
      CHECK(result);
      bool waited = false;
      for (int joined = 0; joined < 40; ++joined) {
        const AlignedVector vector = draw.vector(columns);
        const double factor = joined % 3 == 0 ? -0.01 : 0.5;
        add_plainly(rows, vector, factor);
        matrix.add_outer(vector, factor);
        waited = waited || matrix.waiting() > 0;
        CHECK(has_products(matrix, rows, draw.vector(columns)));
      }
      CHECK(waited == UpdatedMatrix::waits(columns));
    }
  }
}

TEST("outer products and row sums of matrices of any width are those of plain loops") {
  const kernels::Kernels& loops = kernels::kernels();
  for (const std::size_t columns : kWidths) {
    Draw draw;
    const std::size_t stride = padded_columns(columns);
    AlignedVector matrix(columns * stride);
    Rows rows(columns, std::vector<double>(columns));
    for (int added = 0; added < 3; ++added) {
      const AlignedVector vector = draw.vector(columns);
      add_plainly(rows, vector, 0.5);
      loops.add_outer(matrix.data(), columns, stride, vector.data(), 0.5);
    }
    double largest = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::size_t l = 0; l < columns; ++l) {
        CHECK(is_near(matrix[j * stride + l], rows[j][l], 10));
        sum += std::abs(rows[j][l]);
      }
      for (std::size_t l = columns; l < stride; ++l) CHECK(matrix[j * stride + l] == 0);
      largest = std::max(largest, sum);
    }
    CHECK(is_near(loops.largest_row_sum(matrix.data(), columns, stride), largest, largest));
  }
}

}  // namespace shapcpp::tests
