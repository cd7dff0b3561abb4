#include "core/data/kernel_features.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;

// Columns that are computed together, and rows between two checkpoints.
constexpr Index kStrip = 64;
constexpr Index kRows = 128;
// A sample waits if its square beyond those before it is less than this share of that of others.
constexpr double kWait = 0.25;
// In units of the rounding of squares, and of a sample's own entry: the least square that a sample
// has beyond those before it, so that what test samples have in common with it is not lost
// (Lemma 27); and a negative square that is no rounding.
constexpr double kLeast = 4;
constexpr double kIndefinite = 256;

// Eigen cuts products into blocks by cache size, and the blocks decide the last bits of sums. Fixed
// sizes make the features the same on every machine.
[[maybe_unused]] const bool blocks_are_fixed = [] {
  Eigen::setCpuCacheSizes(1 << 15, 1 << 19, 1 << 21);
  return true;
}();

// Writes the entries of the samples from `row` on with the training samples `columns`.
using Entries =
    std::function<void(Index row, std::span<const Index> columns, Eigen::Ref<RowMatrix> block)>;

// exp(x) for x <= 0 within three roundings, by operations that round alike on every machine.
double exponential(double x) {
  constexpr double kLogHigh = 0x1.62e42feep-1;  // of 2, with few enough digits for exact products
  constexpr double kLogLow = 0x1.a39ef35793c76p-33;
  constexpr int kTerms = 14;
  if (!(x > -745)) return 0;
  const double k = std::floor(x / (kLogHigh + kLogLow) + 0.5);
  const double r = (x - k * kLogHigh) - k * kLogLow;
  double sum = 1;
  for (int i = kTerms; i > 0; --i) sum = 1 + r * sum / i;
  return std::ldexp(sum, static_cast<int>(k));
}

// Cholesky's method, a strip of columns at a time: each column belongs to a training sample, about
// in the order of what their squares have left beyond those before them, relative to their own
// entries.
class Factor {
 public:
  // `rounding` bounds that of squares, relative to a sample's own entry.
  Factor(const Entries& entries, double rounding, Eigen::Ref<RowMatrix> features)
      : entries_(entries),
        rounding_(rounding),
        features_(features),
        own_(features.cols()),
        left_(Eigen::VectorXd::Ones(features.cols())),
        is_done_(static_cast<std::size_t>(features.cols())) {}

  // Returns the first sample that has a negative square.
  Indefinite compute(const Checkpoint& checkpoint) {
    for (Index i = 0; i < own_.size(); ++i) {
      RowMatrix entry(1, 1);
      entries_(i, std::span(&i, 1), entry);
      own_[i] = entry(0, 0);
    }
    features_.setZero();
    while (made_ < features_.cols()) {
      choose();
      evaluate(checkpoint);
      eliminate();
    }
    return found_;
  }

 private:
  // The samples of the next strip, those with most left.
  void choose() {
    candidates_.clear();
    for (Index i = 0; i < left_.size(); ++i)
      if (!is_done_[static_cast<std::size_t>(i)]) candidates_.push_back(i);
    const auto more = [&](Index a, Index b) { return left_[a] > left_[b]; };
    std::stable_sort(candidates_.begin(), candidates_.end(), more);
    const auto width = static_cast<std::size_t>(kStrip);
    most_of_others_ = candidates_.size() > width ? left_[candidates_[width]] : 0;
    candidates_.resize(std::min(candidates_.size(), width));
  }

  // Their entries, less the part that earlier columns explain.
  void evaluate(const Checkpoint& checkpoint) {
    const auto width = static_cast<Index>(candidates_.size());
    strip_.resize(features_.rows(), width);
    const RowMatrix explained = features_(candidates_, Eigen::seqN(0, made_));
    for (Index begin = 0; begin < features_.rows(); begin += kRows) {
      checkpoint();
      const Index count = std::min(kRows, features_.rows() - begin);
      RowMatrix block(count, width);
      entries_(begin, candidates_, block);
      block.noalias() -= features_.block(begin, 0, count, made_) * explained.transpose();
      strip_.middleRows(begin, count) = block;
    }
  }

  // Makes columns of the candidates, until they have less left than other samples.
  void eliminate() {
    const Index first = made_;
    while (!candidates_.empty()) {
      const auto next = std::max_element(candidates_.begin(), candidates_.end(),
                                         [&](Index a, Index b) { return left_[a] < left_[b]; });
      const Index sample = *next;
      const bool matters = most_of_others_ > kLeast * rounding_;
      if (made_ > first && matters && left_[sample] < kWait * most_of_others_) return;
      const auto place = next - candidates_.begin();
      const Index width = made_ - first;
      Eigen::VectorXd column = strip_.col(place);
      column.noalias() -= features_.middleCols(first, width) *
                          features_.row(sample).segment(first, width).transpose();
      append(sample, column);
      // The last candidate takes the place of this one.
      strip_.col(place) = strip_.col(static_cast<Index>(candidates_.size()) - 1);
      *next = candidates_.back();
      candidates_.pop_back();
    }
  }

  void append(Index sample, Eigen::VectorXd& column) {
    const double square = column[sample];
    if (found_.row < 0 && square < -kIndefinite * rounding_ * own_[sample])
      found_ = {sample, square};
    const double root = std::sqrt(std::max(square, kLeast * rounding_ * own_[sample]));
    if (root > 0) column /= root;
    column[sample] = root;
    is_done_[static_cast<std::size_t>(sample)] = true;
    for (Index i = 0; i < own_.size(); ++i) {
      if (is_done_[static_cast<std::size_t>(i)] && i != sample) column[i] = 0;
      if (own_[i] > 0) left_[i] -= column[i] * column[i] / own_[i];
    }
    features_.col(made_++) = column;
  }

  const Entries& entries_;
  const double rounding_;
  Eigen::Ref<RowMatrix> features_;
  Eigen::VectorXd own_;
  Eigen::VectorXd left_;
  std::vector<bool> is_done_;
  std::vector<Index> candidates_;
  double most_of_others_ = 0;
  RowMatrix strip_;
  Index made_ = 0;
  Indefinite found_;
};

}  // namespace

void gaussian_features(const Eigen::Ref<const RowMatrix>& samples, double gamma,
                       Eigen::Ref<RowMatrix> features, const Checkpoint& checkpoint) {
  const Entries entries = [&](Index row, std::span<const Index> columns,
                              Eigen::Ref<RowMatrix> block) {
    for (Index i = 0; i < block.rows(); ++i)
      for (Index j = 0; j < block.cols(); ++j) {
        const auto other = samples.row(columns[static_cast<std::size_t>(j)]);
        block(i, j) = exponential(-gamma * (samples.row(row + i) - other).squaredNorm());
      }
  };
  const auto terms = static_cast<double>(features.cols() + samples.cols() / 2 + 5);
  static_cast<void>(Factor(entries, terms * kRounding, features).compute(checkpoint));
}

Indefinite matrix_features(const Eigen::Ref<const RowMatrix>& entries,
                           Eigen::Ref<RowMatrix> features, const Checkpoint& checkpoint) {
  const Entries given = [&](Index row, std::span<const Index> columns,
                            Eigen::Ref<RowMatrix> block) {
    for (Index i = 0; i < block.rows(); ++i)
      for (Index j = 0; j < block.cols(); ++j)
        block(i, j) = entries(row + i, columns[static_cast<std::size_t>(j)]);
  };
  const double rounding = static_cast<double>(features.cols()) * kRounding;
  return Factor(given, rounding, features).compute(checkpoint);
}

}  // namespace shapcpp
