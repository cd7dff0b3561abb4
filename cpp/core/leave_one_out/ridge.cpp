#include "core/leave_one_out/ridge.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace shapcpp {
namespace {

using Index = Eigen::Index;

constexpr Index kRowsAtOnce = 256;
constexpr Index kColumnsAtOnce = 96;
constexpr Index kRowsOfAProduct = 4096;

// Directions in which the view varies by less than this share of the largest variation are
// rounding.
constexpr double kLeastVariance = 1e-9;

// A sample that determines its own prediction (1 - leverage below this) is predicted as if it
// determined it a little less.
constexpr double kLeastFreedom = 0.02;

std::size_t parts(Index whole, Index at_once) {
  return static_cast<std::size_t>((whole + at_once - 1) / at_once);
}

std::pair<Index, Index> part(std::size_t task, Index whole, Index at_once) {
  const Index first = static_cast<Index>(task) * at_once;
  return {first, std::min(at_once, whole - first)};
}

class Ridge {
 public:
  Ridge(View view, std::span<const std::int64_t> classes, Index n_classes,
        std::span<const std::int64_t> judged, const ForEach& for_each)
      : columns_(std::move(view.columns)),
        classes_(classes.begin(), classes.end()),
        n_(columns_.rows()),
        for_each_(for_each),
        shares_(Eigen::RowVectorXd::Zero(n_classes)) {
    for (const std::int64_t k : classes) {
      if (k < 0 || k >= n_classes) throw std::invalid_argument("a class is out of range");
      shares_(k) += 1;
    }
    shares_ /= static_cast<double>(n_);
    centre();
    find_directions(view.penalty);
    sums_ = directions_.transpose() * sums_of_classes();
    if (!judged.empty()) keep(judged);
    rotate();
  }

  LeaveOneOut best(std::span<const double> factors) const {
    const double scale = rank() > 0 ? variances_.sum() / static_cast<double>(n_) : 1;
    std::vector<double> penalties;
    for (const double factor : factors) penalties.push_back(factor * scale);
    const std::vector<double> losses = losses_of(penalties);
    const auto least = std::min_element(losses.begin(), losses.end()) - losses.begin();
    LeaveOneOut result;
    result.penalty = penalties[static_cast<std::size_t>(least)];
    result.loss = losses[static_cast<std::size_t>(least)];
    result.rank = rank();
    result.predictions.resize(judged(), shares_.size());
    const Shrunk shrunk = shrink(result.penalty);
    result.weights = directions_ * shrunk.weights;
    for_each_(parts(judged(), kRowsAtOnce), [&](std::size_t task) {
      const auto [first, height] = part(task, judged(), kRowsAtOnce);
      result.predictions.middleRows(first, height) = predict(shrunk, first, height);
    });
    return result;
  }

 private:
  struct Shrunk {
    Eigen::VectorXd inverse;
    Eigen::MatrixXd weights;
  };

  Index rank() const { return variances_.size(); }
  Index judged() const { return static_cast<Index>(classes_.size()); }

  void centre() {
    Eigen::RowVectorXd means(columns_.cols());
    for_each_(parts(columns_.cols(), kColumnsAtOnce), [&](std::size_t task) {
      const auto [first, width] = part(task, columns_.cols(), kColumnsAtOnce);
      means.segment(first, width) = columns_.middleCols(first, width).colwise().mean();
    });
    for_each_(parts(n_, kRowsAtOnce), [&](std::size_t task) {
      const auto [first, height] = part(task, n_, kRowsAtOnce);
      columns_.middleRows(first, height).rowwise() -= means;
    });
  }

  // Sums over all samples of products of two columns, tile by tile of the lower triangle.
  Eigen::MatrixXd products() const {
    const Index width = columns_.cols();
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(width, width);
    std::vector<std::pair<std::size_t, std::size_t>> tiles;
    for (std::size_t a = 0; a < parts(width, kColumnsAtOnce); ++a)
      for (std::size_t b = 0; b <= a; ++b) tiles.emplace_back(a, b);
    for_each_(tiles.size(), [&](std::size_t task) {
      const auto [top, height] = part(tiles[task].first, width, kColumnsAtOnce);
      const auto [left, breadth] = part(tiles[task].second, width, kColumnsAtOnce);
      for (Index first = 0; first < n_; first += kRowsOfAProduct) {
        const auto rows = columns_.middleRows(first, std::min(kRowsOfAProduct, n_ - first));
        sums.block(top, left, height, breadth).noalias() +=
            rows.middleCols(top, height).transpose() * rows.middleCols(left, breadth);
      }
    });
    return sums;
  }

  // The change to coordinates in which both the products and the penalty are diagonal.
  void find_directions(const Eigen::MatrixXd& penalty) {
    Eigen::MatrixXd sums = products();
    const Eigen::LLT<Eigen::MatrixXd> factor(penalty);
    if (factor.info() != Eigen::Success)
      throw std::runtime_error("the similarities of the landmarks are not positive definite");
    sums.triangularView<Eigen::StrictlyUpper>() = sums.transpose();
    factor.matrixL().solveInPlace(sums);
    sums.transposeInPlace();
    factor.matrixL().solveInPlace(sums);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(sums);
    if (solver.info() != Eigen::Success)
      throw std::runtime_error("an eigendecomposition did not converge");
    const Eigen::VectorXd& all = solver.eigenvalues();
    const double least = kLeastVariance * all(all.size() - 1);
    Index kept = 0;
    while (kept < all.size() && all(all.size() - 1 - kept) > std::max(least, 0.0)) ++kept;
    variances_ = all.tail(kept);
    directions_ = solver.eigenvectors().rightCols(kept);
    if (kept > 0) factor.matrixL().transpose().solveInPlace(directions_);  // Eigen needs a column
  }

  // Columns by classes: of the centred samples of each class.
  Eigen::MatrixXd sums_of_classes() const {
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(columns_.cols(), shares_.size());
    for_each_(parts(columns_.cols(), kColumnsAtOnce), [&](std::size_t task) {
      const auto [first, width] = part(task, columns_.cols(), kColumnsAtOnce);
      for (Index i = 0; i < n_; ++i)
        sums.col(class_of(i)).segment(first, width) +=
            columns_.row(i).segment(first, width).transpose();
    });
    return sums;
  }

  // Only these rows are predicted: they move up, over rows that are no longer needed.
  void keep(std::span<const std::int64_t> rows) {
    std::int64_t last = -1;
    Index place = 0;
    for (const std::int64_t row : rows) {
      if (row <= last || row >= n_) throw std::invalid_argument("rows to judge must ascend");
      columns_.row(place) = columns_.row(row);
      classes_[static_cast<std::size_t>(place)] = classes_[static_cast<std::size_t>(row)];
      last = row;
      ++place;
    }
    classes_.resize(static_cast<std::size_t>(place));
  }

  void rotate() {
    for_each_(parts(judged(), kRowsAtOnce), [&](std::size_t task) {
      const auto [first, height] = part(task, judged(), kRowsAtOnce);
      const RowMatrix rotated = columns_.middleRows(first, height) * directions_;
      columns_.block(first, 0, height, rank()) = rotated;
    });
  }

  Index class_of(Index i) const {
    return static_cast<Index>(classes_[static_cast<std::size_t>(i)]);
  }

  Shrunk shrink(double penalty) const {
    const Eigen::VectorXd inverse = (variances_.array() + penalty).inverse();
    return {inverse, inverse.asDiagonal() * sums_};
  }

  RowMatrix predict(const Shrunk& shrunk, Index first, Index height) const {
    const auto rows = columns_.block(first, 0, height, rank());
    const Eigen::VectorXd leverages =
        (rows.array().square().matrix() * shrunk.inverse).array() + 1 / static_cast<double>(n_);
    RowMatrix predictions = rows * shrunk.weights;
    predictions.rowwise() += shares_;
    for (Index i = 0; i < height; ++i) {
      predictions(i, class_of(first + i)) -= leverages(i);
      predictions.row(i) /= std::max(1 - leverages(i), kLeastFreedom);
    }
    return predictions;
  }

  // Losses are added up block by block in their order, so that threads do not change them.
  std::vector<double> losses_of(const std::vector<double>& penalties) const {
    std::vector<Shrunk> shrunk;
    for (const double penalty : penalties) shrunk.push_back(shrink(penalty));
    Eigen::MatrixXd errors(static_cast<Index>(penalties.size()),
                           static_cast<Index>(parts(judged(), kRowsAtOnce)));
    for_each_(parts(judged(), kRowsAtOnce), [&](std::size_t task) {
      const auto [first, height] = part(task, judged(), kRowsAtOnce);
      for (std::size_t a = 0; a < penalties.size(); ++a) {
        RowMatrix difference = predict(shrunk[a], first, height);
        for (Index i = 0; i < height; ++i) difference(i, class_of(first + i)) -= 1;
        errors(static_cast<Index>(a), static_cast<Index>(task)) = difference.squaredNorm();
      }
    });
    std::vector<double> losses;
    for (std::size_t a = 0; a < penalties.size(); ++a)
      losses.push_back(errors.row(static_cast<Index>(a)).sum() / static_cast<double>(judged()));
    return losses;
  }

  RowMatrix columns_;  // centred; then of judged samples, rotated: the first `rank()` columns count
  std::vector<std::int64_t> classes_;  // of all samples, then of those that are judged
  const Index n_;
  const ForEach& for_each_;  // must outlive this
  Eigen::RowVectorXd shares_;
  Eigen::VectorXd variances_;
  Eigen::MatrixXd directions_;  // columns by rank
  Eigen::MatrixXd sums_;        // rank by classes: of the rotated samples of each class
};

}  // namespace

LeaveOneOut leave_one_out(View view, std::span<const std::int64_t> classes, std::int64_t n_classes,
                          std::span<const double> factors, std::span<const std::int64_t> judged,
                          const ForEach& for_each) {
  if (factors.empty()) throw std::invalid_argument("no penalty to try");
  if (static_cast<std::size_t>(view.columns.rows()) != classes.size())
    throw std::invalid_argument("there must be one class per sample");
  return Ridge(std::move(view), classes, n_classes, judged, for_each).best(factors);
}

}  // namespace shapcpp
