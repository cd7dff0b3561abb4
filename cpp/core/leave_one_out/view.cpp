#include "core/leave_one_out/view.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace shapcpp {
namespace {

using Index = Eigen::Index;

constexpr Index kRowsAtOnce = 128;

// Added to the diagonal of the landmarks' own similarities, times their number, so that repeated
// landmarks do no harm.
constexpr double kJitter = 1e-6;

// Row by row, the product or distance of a sample and a landmark, before the exponential.
RowMatrix compare(const Eigen::Ref<const RowMatrix>& rows, const RowMatrix& landmarks,
                  Similarity similarity) {
  if (similarity == Similarity::kLaplacian) {
    RowMatrix distances(rows.rows(), landmarks.rows());
    for (Index i = 0; i < rows.rows(); ++i)
      for (Index j = 0; j < landmarks.rows(); ++j)
        distances(i, j) = (rows.row(i) - landmarks.row(j)).lpNorm<1>();
    return distances;
  }
  RowMatrix products = rows * landmarks.transpose();
  if (similarity == Similarity::kProduct) return products;
  const Eigen::VectorXd squares = landmarks.rowwise().squaredNorm();
  for (Index i = 0; i < rows.rows(); ++i)
    products.row(i) =
        (rows.row(i).squaredNorm() + squares.transpose().array() - 2 * products.row(i).array())
            .max(0.0);
  return products;
}

// The median distance of two landmarks; their mean where more than half of the pairs coincide.
double typical(const RowMatrix& distances) {
  std::vector<double> pairs;
  for (Index i = 0; i < distances.rows(); ++i)
    for (Index j = 0; j < i; ++j) pairs.push_back(distances(i, j));
  if (pairs.empty()) return 1;
  const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
  std::nth_element(pairs.begin(), middle, pairs.end());
  const double scale = *middle > 0 ? *middle : distances.mean();
  return scale > 0 ? scale : 1;
}

}  // namespace

View make_view(const Eigen::Ref<const RowMatrix>& samples, const ViewOptions& options,
               const ForEach& for_each) {
  View view;
  if (options.landmarks.empty()) {
    view.columns = samples;
    view.penalty = Eigen::MatrixXd::Identity(samples.cols(), samples.cols());
    return view;
  }
  const auto n_landmarks = static_cast<Index>(options.landmarks.size());
  RowMatrix landmarks(n_landmarks, samples.cols());
  for (Index j = 0; j < n_landmarks; ++j) {
    const std::int64_t row = options.landmarks[static_cast<std::size_t>(j)];
    if (row < 0 || row >= samples.rows()) throw std::invalid_argument("a landmark is no row");
    landmarks.row(j) = samples.row(row);
  }
  RowMatrix among(n_landmarks, n_landmarks);
  const auto blocks_of = [](Index rows) {
    return static_cast<std::size_t>((rows + kRowsAtOnce - 1) / kRowsAtOnce);
  };
  const auto block_of = [](std::size_t task, Index rows) {
    const Index first = static_cast<Index>(task) * kRowsAtOnce;
    return std::pair{first, std::min(kRowsAtOnce, rows - first)};
  };
  for_each(blocks_of(n_landmarks), [&](std::size_t task) {
    const auto [first, height] = block_of(task, n_landmarks);
    among.middleRows(first, height) =
        compare(landmarks.middleRows(first, height), landmarks, options.similarity);
  });
  double rate = 0;
  if (options.similarity != Similarity::kProduct) {
    const double w = options.width;
    rate = -1 / (typical(among) * (options.similarity == Similarity::kGaussian ? 2 * w * w : w));
    among = (among.array() * rate).exp();
  }
  view.columns.resize(samples.rows(), n_landmarks);
  for_each(blocks_of(samples.rows()), [&](std::size_t task) {
    const auto [first, height] = block_of(task, samples.rows());
    RowMatrix block = compare(samples.middleRows(first, height), landmarks, options.similarity);
    if (rate != 0) block = (block.array() * rate).exp();
    view.columns.middleRows(first, height) = block;
  });
  // Symmetric to the last bit, whichever way a product was blocked.
  view.penalty = 0.5 * (among + among.transpose());
  view.penalty.diagonal().array() += kJitter * view.penalty.trace();
  return view;
}

}  // namespace shapcpp
