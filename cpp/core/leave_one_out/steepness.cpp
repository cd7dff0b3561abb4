#include "core/leave_one_out/steepness.hpp"

#include <algorithm>
#include <utility>

#include "core/leave_one_out/ridge.hpp"

namespace shapcpp {
namespace {

using Index = Eigen::Index;

constexpr Index kRowsAtOnce = 32;

}  // namespace

Eigen::VectorXd steepness(const Eigen::Ref<const RowMatrix>& samples,
                          std::span<const std::int64_t> classes, std::int64_t n_classes,
                          double width, std::span<const std::int64_t> landmarks,
                          std::span<const double> factors, const ForEach& for_each) {
  View view = make_view(samples, {Similarity::kLaplacian, width, landmarks}, for_each);
  const RowMatrix similarities = view.columns;
  const Eigen::MatrixXd weights =
      leave_one_out(std::move(view), classes, n_classes, factors, {}, for_each).weights;
  const Index n = samples.rows();
  const auto n_landmarks = static_cast<Index>(landmarks.size());
  const Index n_tasks = (n + kRowsAtOnce - 1) / kRowsAtOnce;
  Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(samples.cols(), n_tasks);
  for_each(static_cast<std::size_t>(n_tasks), [&](std::size_t task) {
    // exp(-r |x - m|_1) has the derivative -r sign(x_c - m_c) exp(...) along feature c.
    RowMatrix signs(n_landmarks, samples.cols());
    const auto column = static_cast<Index>(task);
    const Index first = column * kRowsAtOnce;
    for (Index i = first; i < std::min(first + kRowsAtOnce, n); ++i) {
      for (Index j = 0; j < n_landmarks; ++j) {
        const auto landmark = samples.row(landmarks[static_cast<std::size_t>(j)]);
        signs.row(j) = (samples.row(i) - landmark).array().sign();
      }
      const RowMatrix pulls = (similarities.row(i).transpose().asDiagonal() * weights).transpose();
      sums.col(column) += (pulls * signs).colwise().squaredNorm().transpose();
    }
  });
  return sums.rowwise().sum() / static_cast<double>(n);
}

}  // namespace shapcpp
