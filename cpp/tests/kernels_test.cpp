// The vector loops against plain loops, at the level chosen for this processor.
#include "kernels/kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/numerics/storage.hpp"
#include "core/samplers/random_words.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr std::size_t kColumns = 5;
constexpr std::size_t kRows = 100;

// Numbers of both signs below 1.
class Draw {
 public:
  double operator()() { return std::ldexp(static_cast<double>(words_.next() >> 11), -52) - 1; }
  std::vector<double> operator()(std::size_t n) {
    std::vector<double> numbers(n);
    for (double& number : numbers) number = (*this)();
    return numbers;
  }

 private:
  RandomWords words_{1, 2};
};

bool is_near(double a, double b) {
  return std::abs(a - b) <= 1e-13 * (1 + std::abs(b));
}

SampleTiles tiles(Draw& draw) {
  SampleTiles samples(kColumns, kRows);
  for (std::size_t i = 0; i < kRows; ++i) samples.append(draw(kColumns));
  return samples;
}

TEST("margins and their gradient are those of plain loops") {
  Draw draw;
  const kernels::Kernels& loops = kernels::kernels();
  const SampleTiles samples = tiles(draw);
  const std::vector<double> weights = draw(kColumns);
  const std::size_t rows = padded_rows(kRows);
  AlignedVector margins(rows);
  loops.margins(samples.tile(0), kColumns, weights.data(), rows, margins.data());
  for (std::size_t i = 0; i < kRows; ++i) {
    double margin = 0;
    for (std::size_t j = 0; j < kColumns; ++j) margin += samples.value(i, j) * weights[j];
    CHECK(is_near(margins[i], margin));
  }
  AlignedVector gradient(kColumns);
  AlignedVector magnitude(kColumns);
  loops.add_gradient(samples.tile(0), kColumns, margins.data(), rows, gradient.data(),
                     magnitude.data());
  for (std::size_t j = 0; j < kColumns; ++j) {
    double sum = 0;
    double absolute = 0;
    for (std::size_t i = 0; i < kRows; ++i) {
      sum += samples.value(i, j) * margins[i];
      absolute += std::abs(samples.value(i, j) * margins[i]);
    }
    CHECK(is_near(gradient[j], sum));
    CHECK(is_near(magnitude[j], absolute));
  }
}

TEST("logits of any number of classes and their gradient are those of plain loops") {
  const kernels::Kernels& loops = kernels::kernels();
  for (std::size_t classes = 1; classes <= 8; ++classes) {
    Draw draw;
    const SampleTiles samples = tiles(draw);
    const std::size_t stride = padded_columns(kColumns);
    const std::vector<double> weights = draw(classes * stride);
    AlignedVector logits(classes * kernels::kTileRows);
    loops.logits(samples.tile(0), kColumns, weights.data(), classes, stride, padded_rows(kRows),
                 logits.data());
    AlignedVector gradient(classes * stride);
    loops.add_class_gradient(samples.tile(0), kColumns, logits.data(), classes, stride,
                             padded_rows(kRows), gradient.data());
    for (std::size_t k = 0; k < classes; ++k) {
      const double* own = logits.data() + k * kernels::kTileRows;
      for (std::size_t i = 0; i < kRows; ++i) {
        double logit = 0;
        for (std::size_t j = 0; j < kColumns; ++j)
          logit += samples.value(i, j) * weights[k * stride + j];
        CHECK(is_near(own[i], logit));
      }
      for (std::size_t j = 0; j < kColumns; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < kRows; ++i) sum += samples.value(i, j) * own[i];
        CHECK(is_near(gradient[k * stride + j], sum));
      }
    }
  }
}

// With logits up to a hundred apart, so that single precision keeps some classes at exp(-40).
TEST("a rough gradient of any number of classes and rows is the exact one in single precision") {
  const kernels::Kernels& loops = kernels::kernels();
  for (std::size_t classes = 1; classes <= 9; ++classes)
    for (const std::size_t n : {kRows, std::size_t{16}, std::size_t{256}}) {
      Draw draw;
      SampleTiles samples(kColumns, n);
      Tiles<float> singles(kColumns, n);
      for (std::size_t i = 0; i < n; ++i) {
        const std::vector<double> sample = draw(kColumns);
        samples.append(sample);
        singles.append(sample);
      }
      const std::size_t stride = padded_columns(kColumns);
      const std::size_t rows = padded_rows(n);
      const double scale = n == kRows ? 1 : 20;
      AlignedVector weights(classes * stride), own(rows), sample_weights(rows);
      for (double& weight : weights) weight = scale * draw();
      for (std::size_t i = 0; i < n; ++i) {
        own[i] = static_cast<double>(i % classes);
        sample_weights[i] = 1.5 + draw();
      }
      AlignedVector values(classes * kernels::kTileRows), residuals(values.size());
      loops.logits(samples.tile(0), kColumns, weights.data(), classes, stride, rows, values.data());
      loops.softmax(values.data(), classes, rows);
      loops.class_residuals(values.data(), classes, own.data(), sample_weights.data(), rows,
                            residuals.data());
      AlignedVector gradient(classes * stride), rough(classes * stride, 1.0);
      loops.add_class_gradient(samples.tile(0), kColumns, residuals.data(), classes, stride, rows,
                               gradient.data());
      const auto narrow = [](const AlignedVector& from) {
        return Aligned<float>(from.begin(), from.end());
      };
      Aligned<float> scratch(values.size());
      loops.add_rough_gradient(singles.tile(0), kColumns, narrow(weights).data(), classes, stride,
                               narrow(own).data(), narrow(sample_weights).data(), rows,
                               scratch.data(), rough.data());
      for (std::size_t k = 0; k < classes; ++k)
        for (std::size_t j = 0; j < kColumns; ++j)
          CHECK(std::abs(rough[k * stride + j] - 1 - gradient[k * stride + j]) <
                2e-6 * scale * static_cast<double>(n));
    }
}

TEST("the least ratio of probabilities is that of a plain loop, and infinities do not count") {
  Draw draw;
  constexpr std::size_t kClasses = 3;
  std::vector<double> now(kClasses * kernels::kTileRows, 1.0),
      inverses(kClasses * kernels::kTileRows, 1.0);
  double least = 1;
  const std::size_t rows = padded_rows(kRows);
  for (std::size_t k = 0; k < kClasses; ++k)
    for (std::size_t i = 0; i < rows; ++i) {
      double& inverse = inverses[k * kernels::kTileRows + i];
      now[k * kernels::kTileRows + i] = 1.5 + draw();
      inverse = i < kRows ? 1.5 + draw() : std::numeric_limits<double>::infinity();
      least = std::min(least, now[k * kernels::kTileRows + i] * inverse);
    }
  CHECK(kernels::kernels().least_ratio(now.data(), inverses.data(), kClasses, rows, 1) == least);
  CHECK(kernels::kernels().least_ratio(now.data(), inverses.data(), kClasses, rows, 0.1) == 0.1);
}

TEST("products, outer products and inverses of small matrices are those of plain loops") {
  Draw draw;
  const kernels::Kernels& loops = kernels::kernels();
  const std::size_t stride = padded_columns(kColumns);
  AlignedVector matrix(kColumns * stride);
  for (std::size_t j = 0; j < kColumns; ++j) matrix[j * (stride + 1)] = 1;
  AlignedVector vector(stride);
  for (int added = 0; added < 3; ++added) {
    for (std::size_t j = 0; j < kColumns; ++j) vector[j] = draw();
    AlignedVector expected(matrix);
    for (std::size_t j = 0; j < kColumns; ++j)
      for (std::size_t l = 0; l < kColumns; ++l)
        expected[j * stride + l] += 0.5 * vector[j] * vector[l];
    loops.add_outer(matrix.data(), kColumns, stride, vector.data(), 0.5);
    for (std::size_t i = 0; i < matrix.size(); ++i) CHECK(is_near(matrix[i], expected[i]));
  }
  AlignedVector product(stride);
  AlignedVector scratch(kColumns);
  loops.multiply(matrix.data(), kColumns, stride, vector.data(), product.data());
  double largest = 0;
  for (std::size_t j = 0; j < kColumns; ++j) {
    double sum = 0;
    double row = 0;
    for (std::size_t l = 0; l < kColumns; ++l) {
      sum += matrix[j * stride + l] * vector[l];
      row += std::abs(matrix[j * stride + l]);
    }
    CHECK(is_near(product[j], sum));
    largest = std::max(largest, row);
  }
  CHECK(is_near(loops.largest_row_sum(matrix.data(), kColumns, stride), largest));
  AlignedVector half(matrix);
  for (std::size_t j = 0; j < kColumns; ++j)
    for (std::size_t l = j + kernels::kStrideMultiple; l < stride; ++l) half[j * stride + l] = 1e9;
  AlignedVector of_half(stride);
  loops.multiply_half(half.data(), kColumns, stride, vector.data(), of_half.data());
  loops.multiply_rows(matrix.data(), kColumns, stride, vector.data(), stride, scratch.data());
  for (std::size_t j = 0; j < kColumns; ++j) {
    CHECK(is_near(of_half[j], product[j]));
    CHECK(is_near(scratch[j], product[j]));
  }
  AlignedVector inverse(matrix);
  CHECK(loops.invert(inverse.data(), kColumns, stride, scratch.data()));
  AlignedVector solved(stride);
  loops.multiply(inverse.data(), kColumns, stride, product.data(), solved.data());
  for (std::size_t j = 0; j < kColumns; ++j) CHECK(is_near(solved[j], vector[j]));
  matrix[0] = -1;
  CHECK(!loops.invert(matrix.data(), kColumns, stride, scratch.data()));
}

TEST("margins in single precision are those of plain loops") {
  Draw draw;
  const kernels::Kernels& loops = kernels::kernels();
  Tiles<float> samples(kColumns, kRows);
  for (std::size_t i = 0; i < kRows; ++i) samples.append(draw(kColumns));
  Aligned<float> weights(kColumns);
  for (float& weight : weights) weight = static_cast<float>(draw());
  Aligned<float> margins(padded_rows(kRows));
  loops.single_margins(samples.tile(0), kColumns, weights.data(), margins.size(), margins.data());
  for (std::size_t i = 0; i < kRows; ++i) {
    double margin = 0;
    for (std::size_t j = 0; j < kColumns; ++j)
      margin += static_cast<double>(samples.value(i, j)) * static_cast<double>(weights[j]);
    CHECK(std::abs(static_cast<double>(margins[i]) - margin) < 1e-6);
  }
}

TEST("test margins are sorted into positive, within their bound, and negative") {
  Draw draw;
  const kernels::Kernels& loops = kernels::kernels();
  const std::size_t rows = padded_rows(kRows);
  AlignedVector margins(rows, 0.0);
  AlignedVector norms(rows, std::numeric_limits<double>::quiet_NaN());
  std::size_t positive = 0;
  std::size_t within = 0;
  for (std::size_t i = 0; i < kRows; ++i) {
    margins[i] = draw();
    norms[i] = std::abs(draw());
    positive += margins[i] > 0.5 * norms[i] ? 1 : 0;
    within += std::abs(margins[i]) <= 0.5 * norms[i] ? 1 : 0;
  }
  std::size_t found_positive = 0;
  std::size_t found_within = 0;
  loops.classify(margins.data(), norms.data(), 0.5, rows, &found_positive, &found_within);
  CHECK(found_positive == positive);
  CHECK(found_within == within);
}

TEST("sums of rows for any number of classes are those of one class after the other") {
  const kernels::Kernels& loops = kernels::kernels();
  constexpr std::size_t kCount = 37;
  for (const std::size_t width : {16, 64, 176}) {
    for (std::size_t classes = 1; classes <= 8; ++classes) {
      Draw draw;
      std::vector<Aligned<float>> numbers(kCount, Aligned<float>(width));
      std::vector<const float*> rows;
      for (Aligned<float>& row : numbers) {
        for (float& number : row) number = static_cast<float>(draw());
        rows.push_back(row.data());
      }
      std::vector<std::vector<double>> factors(classes);
      std::vector<const double*> starts;
      for (std::vector<double>& own : factors) starts.push_back((own = draw(kCount)).data());
      AlignedVector sums(classes * width, 0.5);
      loops.add_class_rows(rows.data(), starts.data(), classes, kCount, width, sums.data());
      for (std::size_t k = 0; k < classes; ++k) {
        AlignedVector expected(width, 0.5);
        loops.add_rows(rows.data(), starts[k], kCount, width, expected.data());
        for (std::size_t j = 0; j < width; ++j) CHECK(is_near(sums[k * width + j], expected[j]));
      }
    }
  }
}

TEST("sums of squares, plain and weighted, are those of plain loops") {
  Draw draw;
  for (const std::size_t stride : {8, 16, 24, 72}) {
    const std::vector<double> a = draw(stride), weights = draw(stride);
    double plain = 0, weighted = 0;
    for (std::size_t j = 0; j < stride; ++j) {
      plain += a[j] * a[j];
      weighted += weights[j] * a[j] * a[j];
    }
    const kernels::Squares squares = kernels::kernels().squares(a.data(), weights.data(), stride);
    CHECK(is_near(squares.plain, plain));
    CHECK(is_near(squares.weighted, weighted));
  }
}

// Margins, reaches and norms of few values, so that bounds are often attained, and some that are no
// numbers.
TEST("rows are decided as by plain comparisons") {
  Draw draw;
  const kernels::Kernels& loops = kernels::kernels();
  constexpr std::size_t kClasses = 5;
  constexpr std::size_t kMost = 64;
  const auto pick = [&](std::vector<double> values) {
    return values[static_cast<std::size_t>((draw() + 1) / 2 * static_cast<double>(values.size()))];
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (std::size_t rows = 1; rows <= kMost; ++rows) {
    const std::vector<std::size_t> classes =
        rows % 2 == 0 ? std::vector<std::size_t>{0, 1, 2, 3, 4} : std::vector<std::size_t>{1, 2, 4};
    AlignedVector margins(kClasses * kernels::kTileRows), reaches(kClasses);
    AlignedVector own(kMost), own_reaches(kMost), norms(kMost);
    std::vector<std::size_t> own_class(rows);
    const bool overflows = rows % 8 == 0;
    for (double& margin : margins)
      margin = overflows ? pick({-kInfinity, -1, 0, 1, kInfinity}) : pick({-2, -1, 0, 1, 2, 4});
    for (double& reach : reaches) reach = rows % 16 == 3 ? kInfinity : pick({0, 0.25, 0.5});
    for (std::size_t i = 0; i < rows; ++i) {
      own_class[i] = classes[i % classes.size()];
      norms[i] = pick({1, 2, 3});
      own[i] = margins[own_class[i] * kernels::kTileRows + i];
      own_reaches[i] = reaches[own_class[i]];
    }
    std::array<bool, kClasses> undecided{};
    const kernels::OpenBits bits =
        loops.decide(margins.data(), classes.data(), classes.size(), reaches.data(), own.data(),
                     own_reaches.data(), norms.data(), rows, undecided.data());
    std::array<bool, kClasses> expected{};
    for (std::size_t i = 0; i < kMost; ++i) {
      bool correct = i < rows, wrong = i >= rows;
      std::vector<std::size_t> close;
      for (const std::size_t b : classes) {
        if (i >= rows || b == own_class[i]) continue;
        const double lead = own[i] - margins[b * kernels::kTileRows + i];
        const double bound = norms[i] * (own_reaches[i] + reaches[b]) * (1 + 1e-9);
        if (std::isfinite(lead) && lead > bound) continue;
        correct = false;
        close.push_back(b);
        if (std::isfinite(lead) && -lead > bound) wrong = true;
      }
      CHECK((bits.correct >> i & 1) == (correct ? 1 : 0));
      CHECK((bits.open >> i & 1) == (correct || wrong ? 0 : 1));
      if (correct || wrong) continue;
      expected[own_class[i]] = true;
      for (const std::size_t b : close) expected[b] = true;
    }
    CHECK(undecided == expected);
  }
}

}  // namespace
}  // namespace shapcpp::tests
