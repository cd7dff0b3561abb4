// How a pair watch takes a reference, and knows how long the reference holds.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/judges/pair_watch.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr double kLargestSingle = 1e30;
// Numbers of coalitions that a limit is made for: while nothing is known about near pairs, at
// least, and at most.
constexpr double kFirstLife = 8;
constexpr double kShortestLife = 3;
constexpr double kLongestLife = 300;
// Costs of a pair: to examine it at a reference, to list it as near, and to evaluate it while near.
constexpr double kExamine = 3;
constexpr double kList = 18;
constexpr double kLook = 1.5;
// The reach of limits, in drifts.
constexpr double kReserve = 1.5;
constexpr double kReserveOfPairs = 0.33;
// Near pairs are listed if that is expected to cost no more than this share of examining all.
constexpr double kWorthListing = 0.8;

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
    const double factor = along / square;
    Limit& limit = limits_[p];
    limit.moved = std::sqrt(std::max(limit.square - factor * along, 0.0) + 1e-12 * limit.square);
    if (!(along > 0) || !(limit.moved + factor * reach(pair.leader, pair.rival) < limit.limit))
      holds = false;
  });
  return holds && lists_near_;
}

// Settles all pairs anew, and sorts them into near ones and others.
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
  for_each_pair([&](const Pair&, std::size_t p) {
    near_[p].close();
    limits_[p].near = near_[p].size();
  });
}

// Weights drift like a random walk: by drift * sqrt(n) in n coalitions. A limit for n of them costs
// what is near then, each time, and once in n all pairs and a list of those near.
void PairWatch::set_limits() {
  const double all = kExamine * total_ * static_cast<double>(classes_.size() - 1);
  const bool knows = has_reference_ && classes_ == reference_classes_;
  lists_near_ = false;
  if (knows && life_ > 0 && near_size_ > 0) {
    const double growth = static_cast<double>(near_size_) / std::sqrt(life_);
    life_ = std::clamp(std::pow(2 * all / (kLook * growth), 2.0 / 3), kShortestLife, kLongestLife);
    const double near = growth * std::sqrt(life_);
    lists_near_ =
        (all + kList * near) / life_ + kLook * near < kWorthListing * all && fits_single();
  } else {
    life_ = kFirstLife;
  }
  // The first pair to leave its limit ends the reference, and among many pairs one drifts far.
  const double pairs = static_cast<double>(classes_.size() * (classes_.size() - 1)) / 2;
  const double reserve = kReserve + kReserveOfPairs * std::log(pairs);
  for_each_pair([&](const Pair& pair, std::size_t p) {
    Limit& limit = limits_[p];
    if (knows) {
      const double drift = limit.moved / std::sqrt(age_);
      limit.drift = limit.drift > 0 ? (limit.drift + drift) / 2 : drift;
    }
    limit.near = 0;
    subtract(weights_, pair.leader, pair.rival, difference_);
    limit.square = kernels_.dot(difference_.data(), difference_.data(), stride_);
    limit.limit = 2 * reach(pair.leader, pair.rival) + reserve * limit.drift * std::sqrt(life_);
  });
}

// Decides the test samples of class k as far as reach allows, and lists near pairs.
void PairWatch::examine_class(std::size_t k) {
  const SampleTiles& samples = test_.samples(k);
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size() * classes_.size());
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    for (const std::size_t b : classes_)
      kernels_.margins(samples.tile(t), columns_, weights_.data() + b * stride_,
                       padded_rows(samples.rows_in(t)), tile_margins_.data() + b * kTileRows);
    examine_tile(k, t);
  }
}

// Most samples are correct and far from all other classes, and need only be counted.
void PairWatch::examine_tile(std::size_t k, std::size_t t) {
  const std::size_t first = t * kTileRows;
  const std::size_t rows = test_.samples(k).rows_in(t);
  const double* norms = test_.norms(k).data() + first;
  const double* own = tile_margins_.data() + k * kTileRows;
  std::array<double, kTileRows> led{};    // number of classes certainly led
  std::array<double, kTileRows> close{};  // number of classes that are near, or lead
  for (const std::size_t b : classes_) {
    if (b == k) continue;
    const double* other = tile_margins_.data() + b * kTileRows;
    const double nearest = reach(k, b);
    const double farthest = own_limits_[b] = limits_[index(k, b)].limit;
    for (std::size_t i = 0; i < rows; ++i) {
      const double lead = own[i] - other[i];
      led[i] += lead > norms[i] * nearest ? 1.0 : 0.0;
      close[i] += lead > norms[i] * farthest ? 0.0 : 1.0;
    }
  }
  const auto all = static_cast<double>(classes_.size() - 1);
  std::size_t far = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    is_contested_[k][first + i] = 0;
    was_correct_[k][first + i] = 1;
    if (led[i] < all)
      examine_row(k, first + i, i);
    else
      ++far;
    if (close[i] > 0 && was_correct_[k][first + i] != 0) {
      near_size_ += static_cast<std::size_t>(close[i]);
      if (lists_near_) list_rivals(k, first + i, i);
    }
  }
  reference_correct_[k] += static_cast<std::int64_t>(far);
  correct_[k] += static_cast<std::int64_t>(far);
}

// Handles a sample that does not certainly lead all classes.
void PairWatch::examine_row(std::size_t k, std::size_t row, std::size_t in_tile) {
  const double norm = test_.norms(k)[row];
  const double own = tile_margins_[k * kTileRows + in_tile];
  std::size_t strongest = k;
  double least = std::numeric_limits<double>::infinity();
  for (const std::size_t b : classes_) {
    const double lead = own - tile_margins_[b * kTileRows + in_tile];
    if (b == k || !(lead < least)) continue;
    least = lead;
    strongest = b;
  }
  const TestSample sample{static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(row)};
  if (strongest == k || least > 0) {
    ++reference_correct_[k];
    open_.push_back(sample);
    return;
  }
  was_correct_[k][row] = 0;
  if (!std::isfinite(least) || !(-least > norm * reach(k, strongest))) open_.push_back(sample);
  if (-least > norm * own_limits_[strongest]) return;
  ++near_size_;
  if (lists_near_) list(sample, strongest, false);
}

// Lists the near pairs of a sample that, as far as is known, leads all classes.
void PairWatch::list_rivals(std::size_t k, std::size_t row, std::size_t in_tile) {
  const double norm = test_.norms(k)[row];
  const double own = tile_margins_[k * kTileRows + in_tile];
  const TestSample sample{static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(row)};
  for (const std::size_t b : classes_)
    if (b != k && !(own - tile_margins_[b * kTileRows + in_tile] > norm * own_limits_[b]))
      list(sample, b, true);
}

void PairWatch::list(const TestSample& sample, std::size_t other, bool leads) {
  near_[index(sample.k, other)].append(test_, sample, leads == (sample.k < other) ? 1 : -1);
}

}  // namespace shapcpp
