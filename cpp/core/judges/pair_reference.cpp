// How a pair watch looks at its test samples, and which of them it need not look at.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/judges/pair_watch.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr double kLargestSingle = 1e30;
// Coalitions that all samples are evaluated for before and between attempts to leave some out.
constexpr double kShortestRest = 4;
constexpr double kLongestRest = 64;
// Numbers of coalitions that limits are made for: at first, at least, and at most.
constexpr double kFirstLife = 8;
constexpr double kShortestLife = 3;
constexpr double kLongestLife = 300;
// The reach of limits, in drifts: the first class to leave its limit ends the reference, and among
// many one drifts far.
constexpr double kReserve = 1.5;
constexpr double kReserveOfClasses = 0.33;
// The cost of copying a near sample out, in evaluations of one.
constexpr double kCopyCost = 2;
// Near samples are copied out if that is expected to cost no more than this share of looking at
// all.
constexpr double kWorthCopying = 0.8;

}  // namespace

// Conversion of both factors, as many products and sums, and a few roundings of bounds.
double PairWatch::single_rounding() const {
  return (static_cast<double>(columns_) + 10) * kSingleRounding;
}

void PairWatch::clear() {
  has_reference_ = false;
  all_near_ = true;
  for (Limit& limit : limits_) limit = {};
  growth_ = 0;
  rest_ = kShortestRest;
  begin();
}

// Whether no margin, and no bound on its error, overflows in single precision.
bool PairWatch::fits_single() const {
  double most = std::max(longest_, 1.0);
  for (const std::size_t k : classes_) most = std::max(most, shares_[k]);
  return test_.largest_norm() * most < kLargestSingle;
}

void PairWatch::look() {
  if (!looked_) ++age_;
  looked_ = true;
  copied_ = false;
  if (!fits_single()) {
    open_all();
    return;
  }
  if (!reference_holds()) take_reference();
  if (all_near_ && look_otherwise()) return;
  take_single_weights();
  take_single_bounds([this](std::size_t k) { return shares_[k]; });
  correct_ = far_correct_;
  open_.clear();
  for (std::size_t place = 0; place < classes_.size(); ++place) {
    const std::size_t k = classes_[place];
    const NearSet& near = near_[k];
    const std::size_t led = all_near_
                                ? lead(test_.single_samples(k), test_.single_norms(k), place,
                                       [&](std::uint32_t row) {
                                         open_.push_back({static_cast<std::uint32_t>(k), row});
                                       })
                                : lead(near.samples, near.norms, place, [&](std::uint32_t i) {
                                    open_.push_back({static_cast<std::uint32_t>(k), near.rows[i]});
                                  });
    correct_[k] += static_cast<std::int64_t>(led);
  }
}

void PairWatch::take_single_weights() {
  float* target = single_weights_.data();
  for (std::size_t j = 0; j < columns_; ++j)
    for (const std::size_t k : classes_) *target++ = static_cast<float>(weights_[k * stride_ + j]);
}

template <class Bound>
void PairWatch::take_single_bounds(const Bound& bound) {
  float* target = single_bounds_.data();
  for (const std::size_t k : classes_)
    *target++ = static_cast<float>((bound(k) + single_rounding() * lengths_[k]) * (1 + 1e-6));
}

// How many of the samples the class at a place certainly leads; calls take(i) for each that is
// open.
template <class Take>
std::size_t PairWatch::lead(const Tiles<float>& samples, const Aligned<float>& norms,
                            std::size_t place, const Take& take) {
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size() * classes_.size());
  std::size_t led = 0;
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    const std::size_t first = t * kTileRows;
    std::size_t within = 0;
    led += kernels_.lead(samples.tile(t), columns_, single_weights_.data(), classes_.size(), place,
                         single_bounds_.data(), norms.data() + first,
                         padded_rows(samples.rows_in(t)), &within, within_.data());
    for (std::size_t i = 0; i < within; ++i) take(static_cast<std::uint32_t>(first + within_[i]));
  }
  return led;
}

// The weights less their mean: what classes share changes no prediction.
void PairWatch::centre_weights() {
  std::fill(centre_.begin(), centre_.end(), 0.0);
  for (const std::size_t k : classes_)
    kernels_.add_scaled(centre_.data(), stride_, weights_.data() + k * stride_,
                        1 / static_cast<double>(classes_.size()));
  std::copy(weights_.begin(), weights_.end(), centred_.begin());
  for (const std::size_t k : classes_)
    kernels_.add_scaled(centred_.data() + k * stride_, stride_, centre_.data(), -1.0);
}

// Distances of the weights from the reference, all times the factor that brings them nearest (Lemma
// 16); false if there is none.
bool PairWatch::measure_moves() {
  centre_weights();
  double along = 0;
  double square = 0;
  for (const std::size_t k : classes_) {
    const double* own = centred_.data() + k * stride_;
    along += kernels_.dot(own, reference_.data() + k * stride_, stride_);
    square += kernels_.dot(own, own, stride_);
  }
  factor_ = along / square;
  if (!(along > 0) || !std::isfinite(factor_)) return false;
  for (const std::size_t k : classes_) {
    std::copy_n(reference_.data() + k * stride_, stride_, sample_.begin());
    kernels_.add_scaled(sample_.data(), stride_, centred_.data() + k * stride_, -factor_);
    limits_[k].moved = std::sqrt(kernels_.dot(sample_.data(), sample_.data(), stride_));
  }
  return true;
}

// Whether no sample that is not near can have turned. What rounding does to the distances is far
// less than the reserve in `single_rounding`.
bool PairWatch::reference_holds() {
  if (!has_reference_ || classes_ != reference_classes_ || age_ > most_age_) return false;
  if (all_near_) return true;
  return measure_moves() && std::all_of(classes_.begin(), classes_.end(), [this](std::size_t k) {
           return limits_[k].moved + factor_ * shares_[k] < limits_[k].limit;
         });
}

// Weights drift like a random walk: by drift * sqrt(n) in n coalitions.
void PairWatch::take_reference() {
  ++statistics_.references;
  const bool knows = has_reference_ && classes_ == reference_classes_ && measure_moves();
  if (!knows) centre_weights();
  for (const std::size_t k : classes_) {
    Limit& own = limits_[k];
    const double drift = knows ? std::min(own.moved, longest_) / std::sqrt(age_) : 0;
    own.drift = knows && own.drift > 0 ? (own.drift + drift) / 2 : drift;
  }
  if (!knows) growth_ = 0;
  has_reference_ = true;
  reference_classes_ = classes_;
  std::copy(centred_.begin(), centred_.end(), reference_.begin());
  age_ = 1;
  all_near_ = true;
  std::fill(far_correct_.begin(), far_correct_.end(), 0);
  if (knows) leave_out_far_ones();
  if (!all_near_) return;
  most_age_ = rest_;
  rest_ = std::min(2 * rest_, kLongestRest / cost_of_look());
}

// Limits for n coalitions cost what is near then, each time, and once in n an evaluation of all
// samples and a copy of those near.
void PairWatch::leave_out_far_ones() {
  const double life =
      growth_ > 0 ? std::clamp(std::pow(2 * total_ / growth_, 2.0 / 3), kShortestLife, kLongestLife)
                  : kFirstLife;
  const double reserve =
      kReserve + kReserveOfClasses * std::log(static_cast<double>(classes_.size()));
  for (const std::size_t k : classes_)
    limits_[k].limit = 2 * shares_[k] + reserve * limits_[k].drift * std::sqrt(life);
  take_single_weights();
  take_single_bounds([this](std::size_t k) { return limits_[k].limit; });
  double size = 0;
  for (std::size_t place = 0; place < classes_.size(); ++place) {
    const std::size_t k = classes_[place];
    std::vector<std::uint32_t>& rows = near_[k].rows;
    rows.clear();
    far_correct_[k] =
        static_cast<std::int64_t>(lead(test_.single_samples(k), test_.single_norms(k), place,
                                       [&rows](std::uint32_t row) { rows.push_back(row); }));
    size += static_cast<double>(rows.size());
  }
  growth_ = (size + 1) / std::sqrt(life);
  if (size + (total_ + kCopyCost * size) / life > kWorthCopying * cost_of_look() * total_) {
    std::fill(far_correct_.begin(), far_correct_.end(), 0);
    return;
  }
  all_near_ = false;
  most_age_ = 4 * life;
  rest_ = kShortestRest;
  for (const std::size_t k : classes_) copy_near(k);
}

void PairWatch::copy_near(std::size_t k) {
  NearSet& near = near_[k];
  if (near.samples.columns() == 0) {
    const std::size_t capacity = test_.samples(k).size();
    near.samples = Tiles<float>(columns_, capacity);
    near.norms.resize(tiled_rows(capacity));
  }
  near.samples.rewind();
  near.samples.append_from(test_.single_samples(k), near.rows);
  const std::size_t size = near.rows.size();
  for (std::size_t i = 0; i < size; ++i) near.norms[i] = test_.single_norms(k)[near.rows[i]];
  std::fill(near.norms.begin() + static_cast<std::ptrdiff_t>(size),
            near.norms.begin() + static_cast<std::ptrdiff_t>(padded_rows(size)), kNotANumber);
}

}  // namespace shapcpp
