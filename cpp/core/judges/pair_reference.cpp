// How a pair watch gets a reference, and knows how long it holds.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/judges/pair_watch.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr double kLargestSingle = 1e30;
// Coalitions that a limit is made for while nothing is known of what is near, and at least and at
// most.
constexpr double kFirstLife = 8;
constexpr double kShortestLife = 3;
constexpr double kLongestLife = 300;
// What a pair costs at a reference, in near ones looked at.
constexpr double kCostOfPair = 2;
// Share of all pairs up to which near ones are worth listing.
constexpr double kWorthListing = 0.4;

}  // namespace

// Whether no margin overflows in single precision.
bool PairWatch::fits_single() const {
  return test_.largest_norm() * std::max(longest_, 1.0) < kLargestSingle;
}

// Whether no pair that is not near can have turned. Times the best factor, the weights of a pair
// are this far from the reference; what rounding does to that is far less than the last term.
bool PairWatch::reference_holds() {
  if (!has_reference_ || classes_ != reference_classes_ || !fits_single()) return false;
  bool holds = age_ <= 4 * life_;
  for_each_pair([&](const Pair& pair, std::size_t p) {
    subtract(weights_, pair.leader, pair.rival, difference_);
    subtract(reference_, pair.leader, pair.rival, reference_difference_);
    const double along = kernels_.dot(difference_.data(), reference_difference_.data(), stride_);
    const double square = kernels_.dot(difference_.data(), difference_.data(), stride_);
    const double before =
        kernels_.dot(reference_difference_.data(), reference_difference_.data(), stride_);
    const double factor = along / square;
    Limit& limit = limits_[p];
    limit.moved = std::sqrt(std::max(before - factor * along, 0.0)) + 1e-6 * std::sqrt(before);
    if (!(along > 0) || !(limit.moved + factor * reach(pair.leader, pair.rival) < limit.limit))
      holds = false;
  });
  return holds && lists_near_;
}

// All pairs are settled anew, and sorted into near ones and others.
void PairWatch::take_reference() {
  ++statistics_.references;
  set_limits();
  has_reference_ = true;
  reference_classes_ = classes_;
  std::copy(weights_.begin(), weights_.end(), reference_.begin());
  age_ = 1;
  near_size_ = 0;
  for (NearList& list : near_) list.clear();
  contested_.clear();
  std::fill(reference_correct_.begin(), reference_correct_.end(), 0);
  std::fill(correct_.begin(), correct_.end(), 0);
  for (const std::size_t k : classes_) examine_class(k);
  if (!lists_near_) return;
  for_each_pair([&](const Pair&, std::size_t p) { near_[p].close(); });
}

// Weights drift like a random walk: by drift * sqrt(n) in n coalitions. A limit for n of them costs
// what is near then, each time, and all pairs once in n.
void PairWatch::set_limits() {
  const double pairs = total_ * static_cast<double>(classes_.size() - 1);
  const bool knows = has_reference_ && classes_ == reference_classes_;
  if (knows && life_ > 0 && near_size_ > 0) {
    const double growth = static_cast<double>(near_size_) / std::sqrt(life_);
    life_ = std::clamp(std::pow(2 * kCostOfPair * pairs / growth, 2.0 / 3), kShortestLife,
                       kLongestLife);
  } else {
    life_ = kFirstLife;
  }
  lists_near_ = knows && near_size_ > 0 &&
                static_cast<double>(near_size_) < kWorthListing * pairs && fits_single();
  for_each_pair([&](const Pair& pair, std::size_t p) {
    Limit& limit = limits_[p];
    if (knows) {
      const double drift = limit.moved / std::sqrt(age_);
      limit.drift = limit.drift > 0 ? (limit.drift + drift) / 2 : drift;
    }
    limit.near = 0;
    limit.limit = 2 * reach(pair.leader, pair.rival) + 1.5 * limit.drift * std::sqrt(life_);
  });
}

// The test samples of class k: decides them, as far as reach goes, and lists near pairs.
void PairWatch::examine_class(std::size_t k) {
  const SampleTiles& samples = test_.samples(k);
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size() * classes_.size());
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    for (const std::size_t b : classes_)
      kernels_.margins(samples.tile(t), columns_, weights_.data() + b * stride_,
                       padded_rows(samples.rows_in(t)), tile_margins_.data() + b * kTileRows);
    for (std::size_t i = 0; i < samples.rows_in(t); ++i) examine_row(k, t * kTileRows + i, i);
  }
}

void PairWatch::examine_row(std::size_t k, std::size_t row, std::size_t in_tile) {
  const double norm = test_.norms(k)[row];
  const TestSample sample{static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(row)};
  const double own = tile_margins_[k * kTileRows + in_tile];
  std::size_t strongest = k;
  double least = std::numeric_limits<double>::infinity();
  bool decided = true;
  for (const std::size_t b : classes_) {
    if (b == k) continue;
    const double lead = own - tile_margins_[b * kTileRows + in_tile];
    if (!(lead > norm * reach(k, b))) decided = false;
    if (lead < least) {
      least = lead;
      strongest = b;
    }
  }
  const bool is_correct = strongest == k || least > 0;
  if (!decided) decided = -least > norm * reach(k, strongest);
  was_correct_[k][row] = is_correct;
  is_contested_[k][row] = false;
  reference_correct_[k] += is_correct ? 1 : 0;
  if (decided && std::isfinite(least))
    correct_[k] += is_correct ? 1 : 0;
  else
    open_.push_back(sample);
  const auto list = [&](std::size_t b, double lead) {
    const std::size_t p = index(k, b);
    if (std::abs(lead) > norm * limits_[p].limit) return;
    ++near_size_;
    ++limits_[p].near;
    if (lists_near_) near_[p].append(test_, sample, (lead > 0) == (k < b) ? 1 : -1);
  };
  if (!is_correct) {
    list(strongest, least);
    return;
  }
  for (const std::size_t b : classes_)
    if (b != k) list(b, own - tile_margins_[b * kTileRows + in_tile]);
}

}  // namespace shapcpp
