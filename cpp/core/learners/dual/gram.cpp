#include "core/learners/dual/gram.hpp"

#include <algorithm>
#include <cmath>

namespace shapcpp {
namespace {

using kernels::kTileRows;
using kernels::kTileStride;

// Products of more bytes than this are made as needed.
constexpr double kMostGramBytes = 1073741824;
// With fewer columns the primal path is faster at all sizes.
constexpr std::size_t kFewestColumns = 48;
// Beyond this many members for each column weights are cheaper, few columns or many.
constexpr double kMostPerColumn = 2;
constexpr double kMostPerManyColumns = 2.5;
constexpr std::size_t kManyColumns = 96;
// Products below this fit into single precision, and so do sums of them.
constexpr double kLargestSingle = 1e30;
// Rows of products that are computed together.
constexpr std::size_t kChunk = 64;

double stored_bytes(double samples, double tests) {
  return samples * (kNumberBytes * samples + kSingleBytes * tests);
}

}  // namespace

std::size_t most_dual_members(std::size_t columns) {
  if (columns < kFewestColumns) return 0;
  const double most = columns < kManyColumns ? kMostPerColumn : kMostPerManyColumns;
  return static_cast<std::size_t>(most * static_cast<double>(columns));
}

std::size_t most_dual_members(const Problem& problem) {
  return std::min(problem.training().size(), most_dual_members(problem.columns()));
}

Gram::Gram(const Problem& problem, bool stored, const Checkpoint& checkpoint)
    : problem_(problem),
      kernels_(kernels::kernels()),
      features_(problem.columns() - 1),
      inverse_penalty_(padded_columns(problem.columns())),
      least_penalty_(
          problem.training().penalty().head(static_cast<Eigen::Index>(features_)).minCoeff()),
      firsts_(problem.n_classes()),
      stored_(stored) {
  const TrainingSet& training = problem.training();
  for (std::size_t j = 0; j < features_; ++j)
    inverse_penalty_[j] = 1 / training.penalty()[static_cast<Eigen::Index>(j)];
  for (std::size_t i = 0; i < training.size(); ++i) lengths_.push_back(length(training.sample(i)));
  AlignedVector sample(problem.columns());
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    const SampleTiles& side = problem.test().samples(k);
    firsts_[k] = norms_.size();
    norms_.resize(norms_.size() + padded_rows(side.size()));
    for (std::size_t i = 0; i < side.size(); ++i) {
      if (i % kTileRows == 0) checkpoint();
      for (std::size_t j = 0; j < sample.size(); ++j) sample[j] = side.value(i, j);
      norms_[firsts_[k] + i] = length(sample);
    }
  }
  if (stored_) store(checkpoint);
}

bool Gram::fits(double samples, double tests) {
  return stored_bytes(samples, tests) <= kMostGramBytes;
}

bool Gram::fits(const Problem& problem) {
  double tests = 0;
  for (const std::int64_t count : problem.test().counts()) tests += static_cast<double>(count);
  return fits(static_cast<double>(problem.training().size()), tests);
}

bool Gram::fits_single(const Problem& problem) {
  const TrainingSet& training = problem.training();
  double longest = 0;
  for (std::size_t i = 0; i < training.size(); ++i) {
    double squares = 0;
    const auto sample = training.sample(i);
    for (std::size_t j = 0; j + 1 < problem.columns(); ++j)
      squares += sample[j] * sample[j] / training.penalty()[static_cast<Eigen::Index>(j)];
    longest = std::max(longest, std::sqrt(squares));
  }
  const double least =
      training.penalty().head(static_cast<Eigen::Index>(problem.columns() - 1)).minCoeff();
  return longest * problem.test().largest_norm() / std::sqrt(least) < kLargestSingle;
}

double Gram::bytes(const RunShape& s) {
  const double all = fits(s.samples(), s.tests()) ? stored_bytes(s.samples(), s.tests()) : 0;
  return kNumberBytes * (s.samples() + s.tests()) + all;
}

double Gram::length(std::span<const double> sample) const {
  double squares = 0;
  for (std::size_t j = 0; j < features_; ++j)
    squares += sample[j] * sample[j] * inverse_penalty_[j];
  return std::sqrt(squares);
}

// Tile by tile of the other side. A product of two training samples is computed once.
void Gram::store(const Checkpoint& checkpoint) {
  const TrainingSet& training = problem_.training();
  const std::size_t n = training.size();
  training_.resize(checked_product(n, n, "products of training samples"));
  tests_.resize(checked_product(n, width(), "products of test samples"));
  factors_.resize(kChunk * features_);
  products_.resize(kChunk * kTileStride);
  for (std::size_t begin = 0; begin < n; begin += kTileRows) {
    SampleTiles tile(problem_.columns(), kTileRows);
    const std::size_t columns = std::min(kTileRows, n - begin);
    for (std::size_t i = 0; i < columns; ++i) tile.append(training.sample(begin + i));
    for (std::size_t first = begin; first < n; first += kChunk) {
      checkpoint();
      const std::size_t rows = std::min(kChunk, n - first);
      multiply(tile.tile(0), first, rows);
      for (std::size_t i = first; i < first + rows; ++i)
        for (std::size_t j = begin; j < std::min(begin + columns, i + 1); ++j)
          training_[i * n + j] = training_[j * n + i] =
              products_[(i - first) * kTileStride + j - begin];
    }
  }
  for (std::size_t k = 0; k < problem_.n_classes(); ++k) {
    const SampleTiles& side = problem_.test().samples(k);
    for (std::size_t t = 0; t < side.tile_count(); ++t)
      for (std::size_t first = 0; first < n; first += kChunk) {
        checkpoint();
        const std::size_t rows = std::min(kChunk, n - first);
        multiply(side.tile(t), first, rows);
        for (std::size_t i = 0; i < rows; ++i)
          std::copy_n(products_.data() + i * kTileStride, side.rows_in(t),
                      tests_.data() + (first + i) * width() + firsts_[k] + t * kTileRows);
      }
  }
  factors_ = {};
  products_ = {};
}

// Products of `count` training samples with those of a tile.
void Gram::multiply(const double* tile, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto sample = problem_.training().sample(first + i);
    for (std::size_t j = 0; j < features_; ++j)
      factors_[i * features_ + j] = -sample[j] * inverse_penalty_[j];
  }
  std::fill(products_.begin(), products_.end(), 0.0);
  kernels_.subtract_product(products_.data(), count, kTileStride, kTileStride, factors_.data(),
                            tile, features_);
}

void Gram::gather(std::size_t i, std::span<const std::size_t> others, double* products) const {
  const TrainingSet& training = problem_.training();
  if (stored_) {
    const double* row = training_.data() + i * training.size();
    for (std::size_t l = 0; l < others.size(); ++l) products[l] = row[others[l]];
  } else {
    multiply(training.sample(i), others, products);
  }
}

void Gram::multiply(std::span<const double> sample, std::span<const std::size_t> others,
                    double* products) const {
  AlignedVector own(inverse_penalty_);
  for (std::size_t j = 0; j < features_; ++j) own[j] *= sample[j];
  for (std::size_t l = 0; l < others.size(); ++l)
    products[l] =
        kernels_.dot(problem_.training().sample(others[l]).data(), own.data(), own.size());
}

const float* Gram::tests(std::size_t i, float* room) const {
  if (stored_) return tests_.data() + i * width();
  AlignedVector own(inverse_penalty_);
  const auto sample = problem_.training().sample(i);
  for (std::size_t j = 0; j < features_; ++j) own[j] *= sample[j];
  AlignedVector margins(kTileRows);
  for (std::size_t k = 0; k < problem_.n_classes(); ++k) {
    const SampleTiles& side = problem_.test().samples(k);
    for (std::size_t t = 0; t < side.tile_count(); ++t) {
      const std::size_t rows = side.rows_in(t);
      kernels_.margins(side.tile(t), features_, own.data(), padded_rows(rows), margins.data());
      std::copy_n(margins.data(), rows, room + firsts_[k] + t * kTileRows);
    }
  }
  return room;
}

}  // namespace shapcpp
