#include "core/data/whole_samples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/numerics/rounding.hpp"

namespace shapcpp {

using kernels::kBlockRows;

namespace {

constexpr double kMostWhole = 32767;
// Sums of a chunk stay below 2^31 where its numbers have not been rounded yet: rounding 64 of them
// adds 2^20 at most.
constexpr double kMostSum = 0x1p31 - 0x1p21;
constexpr std::size_t kMostPairs = 32;
// Columns of smaller numbers have no unit, and vectors of a smaller one no products.
constexpr double kSmallestColumn = 1e-290;
constexpr double kSmallestUnit = 1e-30;
constexpr double kLargestUnit = 1e20;

// Chunks of about the same size, whole strides each.
std::size_t chunk_of(std::size_t pairs) {
  constexpr std::size_t kMultiple = kernels::kStrideMultiple / 2;
  const std::size_t chunks = (pairs + kMostPairs - 1) / kMostPairs;
  return ((pairs + chunks - 1) / chunks + kMultiple - 1) / kMultiple * kMultiple;
}

// The nearest whole number, of numbers below 2^50.
double nearest(double value) {
  constexpr double kShift = 0x1.8p52;
  return (value + kShift) - kShift;
}

}  // namespace

WholeSamples::WholeSamples(const TestSet& test, std::size_t columns,
                           const kernels::Kernels& kernels)
    : kernels_(kernels),
      columns_(columns),
      stride_(padded_columns(columns)),
      pairs_((columns + 1) / 2),
      chunk_(chunk_of(pairs_)),
      units_(stride_),
      halves_(stride_) {
  measure(test);
  divide(test);
}

double WholeSamples::bytes(const RunShape& s) {
  return sizeof(short) * (s.tests() + s.classes() * kernels::kRowMultiple) * (s.columns() + 1);
}

void WholeSamples::measure(const TestSet& test) {
  for (std::size_t k = 0; k < test.counts().size(); ++k) {
    const SampleTiles& samples = test.samples(k);
    for (std::size_t i = 0; i < samples.size(); ++i)
      for (std::size_t j = 0; j < columns_; ++j)
        units_[j] = std::max(units_[j], std::abs(samples.value(i, j) / test.norms(k)[i]));
  }
  for (std::size_t j = 0; j < columns_; ++j) {
    units_[j] = units_[j] < kSmallestColumn ? 0 : units_[j] / kMostWhole;
    halves_[j] = std::max(units_[j] * (0.5 + 1e-6), kSmallestColumn);
  }
}

void WholeSamples::divide(const TestSet& test) {
  double longest_chunk = 0;
  std::vector<double> squares((pairs_ + chunk_ - 1) / chunk_);
  for (std::size_t k = 0; k < test.counts().size(); ++k) {
    const SampleTiles& samples = test.samples(k);
    const std::size_t rows = padded_rows(samples.size());
    samples_.emplace_back(2 * pairs_ * rows);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::size_t first = i / kBlockRows * kBlockRows;
      const std::size_t height = std::min(kBlockRows, rows - first);
      short* place = samples_[k].data() + 2 * (pairs_ * first + (i - first));
      std::fill(squares.begin(), squares.end(), 0.0);
      double square = 0;
      for (std::size_t j = 0; j < columns_; ++j) {
        if (units_[j] == 0) continue;
        const double share = samples.value(i, j) / test.norms(k)[i] / units_[j];
        const double whole = std::clamp(nearest(share), -kMostWhole, kMostWhole);
        place[j / 2 * 2 * height + j % 2] = static_cast<short>(whole);
        squares[j / 2 / chunk_] += whole * whole;
        square += whole * whole;
      }
      longest_chunk = std::max(longest_chunk, *std::max_element(squares.begin(), squares.end()));
      longest_ = std::max(longest_, square);
    }
  }
  longest_ = std::sqrt(longest_);
  factor_ = std::max(std::sqrt(longest_chunk) / kMostSum, 1 / (kMostWhole - 1));
}

void WholeSamples::write(const AlignedVector& v, Vector& vector) const {
  vector.numbers.resize(2 * pairs_);
  vector.rests.resize(stride_);
  double* rests = vector.rests.data();
  for (std::size_t j = 0; j < stride_; ++j) rests[j] = units_[j] * v[j];
  double square = 0;  // of the longest chunk
  for (std::size_t j = 0; j < stride_; j += 2 * chunk_)
    square =
        std::max(square, kernels_.dot(rests + j, rests + j, std::min(2 * chunk_, stride_ - j)));
  const double spread = kernels_.absolute_dot(halves_.data(), v.data(), stride_);
  const double wanted = std::sqrt(square) * factor_;
  if (!std::isfinite(spread) ||
      (square > 0 && !(wanted > kSmallestUnit && wanted < kLargestUnit))) {
    vector.error = std::numeric_limits<double>::infinity();
    return;
  }
  vector.unit = static_cast<float>(wanted);
  const auto unit = static_cast<double>(vector.unit);
  const auto chunks = static_cast<double>((pairs_ + chunk_ - 1) / chunk_);
  vector.size = chunks * 0x1p31 * unit;
  const double inverse = square > 0 ? 1 / unit : 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    const double whole = nearest(rests[j] * inverse);
    vector.numbers[j] = static_cast<short>(static_cast<int>(whole));
    rests[j] -= whole * unit;
  }
  vector.error = (spread + longest_ * std::sqrt(kernels_.dot(rests, rests, stride_)) +
                  (chunks + 3) * kSingleRounding * vector.size) *
                 (1 + 1e-6);
}

}  // namespace shapcpp
