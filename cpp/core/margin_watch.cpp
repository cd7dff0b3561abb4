#include "margin_watch.hpp"

#include <cmath>

namespace shapcpp {

using kernels::kTileRows;

MarginWatch::MarginWatch(const Problem& problem)
    : problem_(problem), kernels_(kernels::kernels()), margins_(kTileRows) {}

std::int64_t MarginWatch::count(const Optimum& optimum, std::span<std::int64_t> correct) {
  // |x.w - x.w*| <= |x|_{H^-1} radius <= |x| inverse_root radius, and the rounding of x.w itself.
  const double reach =
      optimum.radius * optimum.inverse_root + optimum.dot_rounding * optimum.weights.norm();
  std::size_t undecided = 0;
  for (std::size_t k = 0; k < problem_.n_classes(); ++k) {
    const SampleTiles& samples = problem_.test_samples(k);
    std::size_t positive = 0;
    for (std::size_t t = 0; t < samples.tile_count(); ++t) {
      const std::size_t rows = padded_rows(samples.rows_in(t));
      kernels_.margins(samples.tile(t), problem_.columns(), optimum.weights.data(), rows,
                       margins_.data());
      Signs signs;
      kernels_.classify(margins_.data(), problem_.test_norms(k).data() + t * kTileRows, reach, rows,
                        &signs.positive, &signs.undecided);
      if (signs.undecided > 0) signs = examine(optimum, k, t);
      positive += signs.positive;
      undecided += signs.undecided;
    }
    correct[k] = static_cast<std::int64_t>(k == 1 ? positive : samples.size() - positive);
  }
  return static_cast<std::int64_t>(undecided);
}

// One tile again, with the exact norm of each sample instead of its bound.
MarginWatch::Signs MarginWatch::examine(const Optimum& optimum, std::size_t k,
                                        std::size_t tile) const {
  const SampleTiles& samples = problem_.test_samples(k);
  Signs signs;
  Eigen::VectorXd x(optimum.weights.size());
  for (std::size_t i = 0; i < samples.rows_in(tile); ++i) {
    for (Eigen::Index j = 0; j < x.size(); ++j)
      x[j] = samples.value(tile * kTileRows + i, static_cast<std::size_t>(j));
    const double bound = optimum.hessian.matrixL().solve(x).norm() * optimum.radius +
                         optimum.dot_rounding * x.cwiseProduct(optimum.weights).lpNorm<1>();
    if (std::abs(margins_[i]) <= bound)
      ++signs.undecided;
    else if (margins_[i] > 0)
      ++signs.positive;
  }
  return signs;
}

}  // namespace shapcpp
