#include "core/learners/tie.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <limits>

namespace shapcpp {
namespace {

constexpr double kTieOfTerms = 1e-9;
constexpr double kTieOfError = 1e-6;
constexpr double kTieOfFeatures = 1e-7;

}  // namespace

Tie tie_of(double width, double standard_error, double terms, double feature_reach) {
  return {width, kTieOfTerms * terms +
                     std::min(kTieOfError * standard_error, kTieOfFeatures * feature_reach)};
}

double feature_reach(const Members& members) {
  const SampleTiles& samples = members.samples();
  double reach = 0;
  for (std::size_t j = 0; j < samples.columns(); ++j) {
    const double penalty = members.training().penalty()[static_cast<Eigen::Index>(j)];
    if (penalty == 0) continue;  // the intercept
    double largest = 0;
    for (std::size_t t = 0; t < samples.tile_count(); ++t)
      for (std::size_t i = 0; i < samples.rows_in(t); ++i)
        largest = std::max(largest, std::abs(samples.tile(t)[j * kernels::kTileStride + i]));
    reach += members.total_weight() * largest * largest / penalty;
  }
  return reach > 0 ? reach : std::numeric_limits<double>::infinity();
}

}  // namespace shapcpp
