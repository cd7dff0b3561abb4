#include "core/data/test_set.hpp"

#include <algorithm>
#include <limits>

namespace shapcpp {

TestSet::TestSet(std::span<const double> values, const std::vector<std::size_t>& classes,
                 std::size_t n_classes, const Coordinates& coordinates,
                 const Checkpoint& checkpoint)
    : counts_(n_classes) {
  for (const auto k : classes) ++counts_[k];
  const std::size_t columns = coordinates.columns();
  for (const std::int64_t n : counts_) {
    const auto count = static_cast<std::size_t>(n);
    samples_.emplace_back(columns, count);
    single_samples_.emplace_back(columns, count);
    norms_.emplace_back(tiled_rows(count), std::numeric_limits<double>::quiet_NaN());
  }
  std::vector<std::vector<double>> outside(n_classes);
  double shares = 0;
  coordinates.for_each(
      values, checkpoint,
      [&](std::size_t i, std::span<const double> sample, double norm, double length_outside) {
        const std::size_t k = classes[i];
        norms_[k][samples_[k].size()] = norm;
        samples_[k].append(sample);
        single_samples_[k].append(sample);
        outside[k].push_back(length_outside);
        shares += length_outside / norm;
      });
  bound_outside(outside, shares);
  for (const AlignedVector& norms : norms_) single_norms_.emplace_back(norms.begin(), norms.end());
  for (std::size_t k = 0; k < n_classes; ++k)
    for (std::size_t i = 0; i < samples_[k].size(); ++i)
      largest_norm_ = std::max(largest_norm_, norms_[k][i]);
}

// A bound that most samples satisfy; the norms of the few that exceed it are enlarged.
void TestSet::bound_outside(const std::vector<std::vector<double>>& lengths, double sum_of_shares) {
  std::size_t all = 0;
  for (const auto& of_class : lengths) all += of_class.size();
  outside_ = 4 * sum_of_shares / static_cast<double>(all);
  if (outside_ == 0) return;
  for (std::size_t k = 0; k < lengths.size(); ++k)
    for (std::size_t i = 0; i < lengths[k].size(); ++i)
      norms_[k][i] = std::max(norms_[k][i], lengths[k][i] / outside_);
}

double TestSet::bytes(const RunShape& s) {
  // Samples and norms, and again in single precision.
  return (kNumberBytes + kSingleBytes) * s.tests() * (s.tiled_columns() + 1);
}

}  // namespace shapcpp
