#include "core/judges/near_list.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace shapcpp {

using kernels::kTileRows;

void NearList::clear() {
  samples_.rewind();
  rows_.clear();
  live_.clear();
}

void NearList::append(const TestSet& test, const TestSample& sample, double sign) {
  const Tiles<float>& source = test.single_samples(sample.k);
  columns_ = source.columns();
  if (rows_.size() == capacity_) {
    capacity_ = std::max(2 * capacity_, kTileRows);
    Tiles<float> larger(columns_, capacity_);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      larger.append_with([&](std::size_t j) { return samples_.value(i, j); });
    samples_ = std::move(larger);
    norms_.resize(tiled_rows(capacity_));
  }
  norms_[rows_.size()] = test.single_norms(sample.k)[sample.row];
  samples_.append_with(
      [&](std::size_t j) { return static_cast<float>(sign) * source.value(sample.row, j); });
  rows_.push_back(sample);
}

void NearList::close() {
  std::fill_n(norms_.begin() + static_cast<std::ptrdiff_t>(rows_.size()),
              padded_rows(rows_.size()) - rows_.size(), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t t = 0; t < samples_.tile_count(); ++t) live_.push_back(samples_.rows_in(t));
}

double NearList::margin(std::size_t i, const Aligned<float>& weights) const {
  double sum = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    sum += static_cast<double>(samples_.value(i, j)) * static_cast<double>(weights[j]);
  return sum;
}

}  // namespace shapcpp
