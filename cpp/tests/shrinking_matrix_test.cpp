// Rows that wait in single precision change a product by no more than is said, and in double
// precision not at all.
#include "core/numerics/shrinking_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp::tests {
namespace {

struct Shape {
  std::size_t size;
  std::size_t blocks;
};

// Below and above the width from which single precision pays; blocks that do not fill registers.
constexpr Shape kShapes[] = {{3, 2}, {17, 9}, {65, 4}, {87, 3}, {31, 10}};

constexpr double kSingle = 1e-7;  // more than the rounding of single precision

struct Draw {
  std::mt19937_64 words{7};
  std::normal_distribution<double> normal;
  AlignedVector vector(std::size_t columns) {
    AlignedVector values(padded_columns(columns));
    for (std::size_t j = 0; j < columns; ++j) values[j] = normal(words);
    return values;
  }
};

// The matrix itself, and a shrinking one that should be like it.
struct Twins {
  explicit Twins(const Shape& s)
      : shape(s),
        columns(s.size * s.blocks),
        rows(columns, std::vector<double>(columns)),
        matrix(kernels::kernels()) {
    matrix.resize(s.size, s.blocks);
    const AlignedVector slope = draw.vector(columns);
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t l = 0; l < columns; ++l)
        rows[j][l] = (j == l ? 3 : 0) + slope[j] * slope[l] / 8;
    matrix.write([&](AlignedVector& values) {
      for (std::size_t j = 0; j < columns; ++j)
        std::copy(rows[j].begin(), rows[j].end(), values.begin() + offset(j));
      return true;
    });
  }
  std::ptrdiff_t offset(std::size_t j) const {
    return static_cast<std::ptrdiff_t>(j * padded_columns(columns));
  }

  void take_off() {
    double* next = matrix.next_rows(shape.blocks);
    for (std::size_t p = 0; p < shape.blocks; ++p) {
      const AlignedVector row = draw.vector(columns);
      for (std::size_t j = 0; j < columns; ++j) next[p * row.size() + j] = row[j] / 50;
      for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t l = 0; l < columns; ++l) rows[j][l] -= row[j] * row[l] / 2500;
    }
    lost = matrix.take_off(ones());
  }
  AlignedVector ones() const { return AlignedVector(padded_columns(columns), 1.0); }

  double precision() const { return matrix.is_single() ? kSingle : 1e-13; }
  bool has_products(const AlignedVector& vector, const AlignedVector& product,
                    double tolerance) const {
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0;
      double terms = 1;
      for (std::size_t l = 0; l < columns; ++l) {
        sum += rows[j][l] * vector[l];
        terms += std::abs(rows[j][l] * vector[l]);
      }
      if (!(std::abs(product[j] - sum) <= tolerance * terms)) return false;
    }
    return true;
  }
  bool multiplies() {
    const AlignedVector vector = draw.vector(columns);
    AlignedVector product(vector.size());
    matrix.multiply(vector, product);
    return has_products(vector, product, precision());
  }
  bool multiplies_roughly() {
    const AlignedVector vector = draw.vector(columns);
    AlignedVector product(vector.size());
    matrix.multiply_roughly(vector, product);
    return has_products(vector, product, 20 * precision());
  }
  bool multiplies_blocks() {
    AlignedVector x = draw.vector(shape.size);
    const std::size_t stride = padded_columns(columns);
    AlignedVector products(shape.blocks * stride);
    matrix.multiply_blocks(x, products);
    for (std::size_t j = 0; j < shape.blocks; ++j) {
      AlignedVector vector(stride);
      std::copy_n(x.begin(), shape.size,
                  vector.begin() + static_cast<std::ptrdiff_t>(j * shape.size));
      const auto first = products.begin() + static_cast<std::ptrdiff_t>(j * stride);
      if (!has_products(vector, {first, first + static_cast<std::ptrdiff_t>(stride)}, precision()))
        return false;
    }
    return true;
  }

  Draw draw;
  Shape shape;
  std::size_t columns;
  std::vector<std::vector<double>> rows;
  ShrinkingMatrix matrix;
  double lost = 0;
};

}  // namespace

TEST("a shrinking matrix multiplies as if rows had been taken off at once") {
  for (const Shape& shape : kShapes)
    for (const bool in_single : {false, true}) {
      Twins twins(shape);
      const bool is_wide = ShrinkingMatrix::is_wide(twins.columns);
      if (in_single && is_wide) {
        CHECK(twins.matrix.narrow(twins.ones()) < kSingle * 6 * static_cast<double>(twins.columns));
        CHECK(twins.matrix.narrow(twins.ones()) > 0);
        twins.matrix.use_single();
      }
      CHECK(twins.multiplies() && twins.multiplies_blocks() && twins.multiplies_roughly());
      for (std::size_t taken = 1; taken <= 20; ++taken) {
        AlignedVector vector = twins.draw.vector(twins.columns);
        AlignedVector product(vector.size());
        twins.matrix.multiply(vector, product);
        twins.take_off();
        twins.matrix.subtract_last(vector, product);
        CHECK(twins.has_products(vector, product, twins.precision()));
        CHECK(twins.multiplies() && twins.multiplies_blocks() && twins.multiplies_roughly());
        CHECK(twins.matrix.waiting() == (in_single && is_wide ? taken * shape.blocks : 0));
        CHECK((twins.lost > 0) == (in_single && is_wide) && twins.lost < kSingle * 50);
      }
    }
}

TEST("blocks on the diagonal of a shrinking matrix are those before rows wait") {
  for (const Shape& shape : kShapes) {
    Twins twins(shape);
    if (ShrinkingMatrix::is_wide(twins.columns)) {
      CHECK(twins.matrix.narrow(twins.ones()) > 0);
      twins.matrix.use_single();
    }
    const auto before = twins.rows;
    twins.take_off();
    if (twins.matrix.is_single()) twins.rows = before;
    for (std::size_t first = 0; first < shape.blocks; ++first) {
      const std::size_t width = (shape.blocks - first) * shape.size;
      AlignedVector own = twins.draw.vector(width);
      AlignedVector product(padded_columns(twins.columns));
      own.resize(product.size());
      twins.matrix.multiply_settled(first, shape.blocks - first, own, product);
      for (std::size_t j = 0; j < width; ++j) {
        double sum = 0;
        for (std::size_t l = 0; l < width; ++l)
          sum += twins.rows[first * shape.size + j][first * shape.size + l] * own[l];
        CHECK(std::abs(product[j] - sum) < 1e-4);
      }
    }
  }
}

TEST("a shrinking matrix is full when no more rows can wait") {
  Twins twins({65, 4});
  CHECK(twins.matrix.narrow(twins.ones()) > 0);
  twins.matrix.use_single();
  int taken = 0;
  while (!twins.matrix.is_full() && taken < 1000) {
    CHECK(twins.matrix.next_rows(4) != nullptr);
    CHECK(twins.matrix.take_off(twins.ones()) == 0);
    ++taken;
  }
  CHECK(taken == 65);
}

}  // namespace shapcpp::tests
