#include "core/judges/margin_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/learners/sums.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
// The cost of a split, in evaluations of a near sample: for each test sample, and for each near
// one.
constexpr double kSplitCost = 3;
constexpr double kCopyCost = 4;
constexpr double kShortestLife = 3;
constexpr double kLongestLife = 300;
constexpr double kLargestSingle = 1e30;
constexpr double kLargestDouble = 1e300;
// A limit above every ratio.
constexpr double kAllNear = 2;
// Share of the test samples up to which near ones are worth copying out.
constexpr double kWorthCopying = 0.6;
// With more open samples than this, exact norms rarely decide them all; refine instead.
constexpr std::size_t kWorthExactNorms = 6;
// Signs are those of the margins by which class 1 leads class 0, whose weights are zero.
constexpr Pair kClasses{1, 0};

}  // namespace

MarginWatch::MarginWatch(const Problem& problem, const Context& context)
    : test_(problem.test()),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      margins_(kTileRows),
      within_(kTileRows),
      sample_(padded_columns(columns_)),
      weights_(sample_.size()),
      single_weights_(sample_.size()),
      pairs_(problem.n_classes()),
      reference_(sample_.size()) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    const std::size_t size = problem.test().samples(k).size();
    if (size > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error(std::to_string(size) + " test samples of one class are too many");
    near_.push_back({Tiles<float>(columns_, size), Aligned<float>(tiled_rows(size)), {}, 0, 0, {}});
  }
}

double MarginWatch::bytes(const RunShape& s) {
  return kSingleBytes * s.tests() * (s.tiled_columns() + 1 + 1);  // near samples, norms and rows
}

void MarginWatch::clear() {
  limit_ = 0;
  drift_ = 0;
  looked_ = false;
  left_ = {};
}

void MarginWatch::measure(const Scores& scores) {
  reach_ = scores.reach(kClasses);
  length_ = scores.length(kClasses);
}

bool MarginWatch::could_decide() const {
  const double ball = reach_ / length_;
  return ball < 0.5 &&
         (limit_ == 0 || ball * static_cast<double>(near_size_) < kWorthExactNorms * limit_);
}

bool MarginWatch::look(const Scores& scores) {
  take_weights(scores);
  if (!looked_) {
    looked_ = true;
    ++age_;
    if (!fits_single()) {
      limit_ = 0;
      for (std::size_t k = 0; k < near_.size(); ++k) examine(k);
    } else {
      if (!far_is_safe(scores.rounding(kClasses))) take_reference();
      std::copy_n(weights_.begin(), columns_, single_weights_.begin());
      for (std::size_t k = 0; k < near_.size(); ++k)
        examine_near(forwards_ ? k : near_.size() - 1 - k);
      forwards_ = !forwards_;
    }
  } else if (open() > kWorthExactNorms) {
    decide_open(scores, Closeness::kReach);
  }
  if (open() > kWorthExactNorms) return false;
  decide_open(scores, Closeness::kError);
  return open() == 0;
}

void MarginWatch::take_weights(const Scores& scores) {
  scores.write_weights(kClasses.leader, std::span(weights_).first(columns_));
}

void MarginWatch::decide_what_can_be(const FittedScores& fitted) {
  measure(fitted);
  if (!look(fitted)) decide_open(fitted, Closeness::kError);
  settle(fitted);
}

std::size_t MarginWatch::open() const {
  std::size_t sum = 0;
  for (const NearSet& near : near_) sum += near.open.size();
  return sum;
}

OpenSigns MarginWatch::write(std::span<std::int64_t> correct) const {
  for (std::size_t k = 0; k < near_.size(); ++k) {
    const auto positive = static_cast<std::int64_t>(near_[k].positive + near_[k].far_positive);
    correct[k] = k == 1 ? positive : test_.counts()[k] - positive;
  }
  return left_;
}

void MarginWatch::scan(const FittedScores& fitted) {
  measure(fitted);
  take_weights(fitted);
  for (std::size_t k = 0; k < near_.size(); ++k) examine(k);
  decide_open(fitted, Closeness::kError);
  settle(fitted);
}

// Whether no margin overflows in single precision.
bool MarginWatch::fits_single() const {
  return test_.largest_norm() * std::max(length_, 1.0) < kLargestSingle;
}

// Whether no sample outside the near set can have changed its sign since the reference: the angle
// between the reference and the optimum is at most the angle between the reference and the weights
// plus that of the ball. `rounding` is that of the margins.
bool MarginWatch::far_is_safe(double rounding) {
  if (limit_ == 0) return false;
  const std::size_t stride = weights_.size();
  const double length = std::sqrt(kernels_.dot(weights_.data(), weights_.data(), stride));
  const double along = kernels_.dot(weights_.data(), reference_.data(), stride);
  const double ball = reach_ / length;
  std::copy(weights_.begin(), weights_.end(), sample_.begin());
  kernels_.add_scaled(sample_.data(), stride, reference_.data(), -along);
  const double across = std::sqrt(kernels_.dot(sample_.data(), sample_.data(), stride)) / length;
  moved_ = across;
  if (!(ball < 0.5) || along <= 0 || across > 0.5 || age_ > most_age_) return false;
  const double sine = across * std::sqrt(1 - ball * ball) + ball * along / length;
  return sine * (1 + 1e-9) + 4 * rounding / length < limit_;
}

// The optimum drifts like a random walk: by drift * sqrt(n) in n coalitions. A limit for n of them
// costs density * limit evaluations each, and all test samples once in n.
void MarginWatch::take_reference() {
  ++statistics_.references;
  if (limit_ > 0) {
    const double drift = std::min(moved_, 0.5) / std::sqrt(age_);
    drift_ = drift_ > 0 ? (drift_ + drift) / 2 : drift;
  }
  age_ = 1;
  const double ball = length_ > 0 ? reach_ / length_ : kAllNear;
  double life = kShortestLife;
  const auto all = static_cast<double>(test_.counts()[0] + test_.counts()[1]);
  if (drift_ > 0) {
    const auto near = static_cast<double>(near_size_ + 1);
    life = std::cbrt(
        std::pow(1.5 * (kSplitCost * all + kCopyCost * near) * limit_ / (near * drift_), 2));
    life = std::clamp(life, kShortestLife, kLongestLife);
  }
  most_age_ = 4 * life;
  limit_ = 2 * ball + (drift_ > 0 ? 1.5 * drift_ * std::sqrt(life) : kAllNear);
  std::copy(weights_.begin(), weights_.end(), reference_.begin());
  for (double& v : reference_) v /= length_ > 0 ? length_ : 1;
  near_size_ = 0;
  for (std::size_t k = 0; k < near_.size(); ++k) near_size_ += split(k);
  all_near_ = static_cast<double>(near_size_) > kWorthCopying * all;
  if (all_near_) {
    for (NearSet& near : near_) near.far_positive = 0;
  } else {
    for (std::size_t k = 0; k < near_.size(); ++k) copy_near(k);
  }
}

// Sorts the test samples of class k into near and far.
std::size_t MarginWatch::split(std::size_t k) {
  NearSet& near = near_[k];
  const SampleTiles& samples = test_.samples(k);
  near.far_positive = 0;
  near.rows.resize(samples.size());
  std::size_t size = 0;
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size());
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    const std::size_t count = samples.rows_in(t);
    const double* norms = test_.norms(k).data() + t * kTileRows;
    kernels_.margins(samples.tile(t), columns_, reference_.data(), padded_rows(count),
                     margins_.data());
    for (std::size_t i = 0; i < count; ++i) {
      const bool far = std::abs(margins_[i]) > limit_ * norms[i];
      near.rows[size] = static_cast<std::uint32_t>(t * kTileRows + i);
      size += far ? 0 : 1;
      near.far_positive += far && margins_[i] > 0 ? 1 : 0;
    }
  }
  near.rows.resize(size);
  return size;
}

void MarginWatch::copy_near(std::size_t k) {
  NearSet& near = near_[k];
  near.samples.clear();
  near.samples.append_from(test_.single_samples(k), near.rows);
  const Aligned<float>& norms = test_.single_norms(k);
  const std::size_t size = near.rows.size();
  for (std::size_t i = 0; i < size; ++i) near.norms[i] = norms[near.rows[i]];
  std::fill(near.norms.begin() + static_cast<std::ptrdiff_t>(size),
            near.norms.begin() + static_cast<std::ptrdiff_t>(padded_rows(size)), kNotANumber);
}

// Decides the near samples by the bound on their norms, in single precision.
void MarginWatch::examine_near(std::size_t k) {
  NearSet& near = near_[k];
  const Tiles<float>& samples = all_near_ ? test_.single_samples(k) : near.samples;
  const float* norms = all_near_ ? test_.single_norms(k).data() : near.norms.data();
  near.positive = 0;
  near.open.clear();
  // Rounding to single precision adds to the rounding of the product.
  const double rounding = (single_roundings(columns_) + 4) * kSingleRounding;
  const auto bound = static_cast<float>((reach_ + rounding * length_) * (1 + 1e-6));
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size());
  // Alternate directions: the samples evaluated last may still be in the first-level cache.
  const std::size_t tiles = samples.tile_count();
  for (std::size_t step = 0; step < tiles; ++step) {
    const std::size_t t = forwards_ ? step : tiles - 1 - step;
    const std::size_t first = t * kTileRows;
    std::size_t within = 0;
    near.positive += kernels_.look(samples.tile(t), columns_, single_weights_.data(), norms + first,
                                   bound, padded_rows(samples.rows_in(t)), &within, within_.data());
    for (std::size_t i = 0; i < within; ++i)
      near.open.push_back(all_near_ ? first + within_[i] : near.rows[first + within_[i]]);
  }
}

// Decides all samples of a class, in double precision.
void MarginWatch::examine(std::size_t k) {
  NearSet& near = near_[k];
  const SampleTiles& samples = test_.samples(k);
  const double bound = reach_;
  near.far_positive = near.positive = 0;
  near.open.clear();
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size());
  // Otherwise margins could overflow, and a NaN is never found to be within its bound.
  if (!(test_.largest_norm() * length_ < kLargestDouble) || !std::isfinite(bound)) {
    for (std::size_t i = 0; i < samples.size(); ++i) near.open.push_back(i);
    return;
  }
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    const double* norms = test_.norms(k).data() + t * kTileRows;
    const std::size_t rows = padded_rows(samples.rows_in(t));
    kernels_.margins(samples.tile(t), columns_, weights_.data(), rows, margins_.data());
    std::size_t above = 0;
    std::size_t within = 0;
    kernels_.classify(margins_.data(), norms, bound, rows, &above, &within);
    near.positive += above;
    for (std::size_t i = 0; within > 0; ++i) {
      if (!(std::abs(margins_[i]) <= norms[i] * bound)) continue;
      --within;
      near.open.push_back(t * kTileRows + i);
    }
  }
}

// Decides the open samples that can be decided.
void MarginWatch::decide_open(const Scores& scores, Closeness closeness) {
  const double bound = reach_ * (1 + 1e-9);
  for (std::size_t k = 0; k < near_.size(); ++k)
    std::erase_if(near_[k].open, [&](std::size_t row) {
      take_sample(k, row);
      const double margin = kernels_.dot(sample_.data(), weights_.data(), sample_.size());
      const bool decided =
          std::isfinite(margin) &&
          (std::abs(margin) > test_.norms(k)[row] * bound ||
           (closeness == Closeness::kError &&
            std::abs(margin) > scores.error(kClasses, sample_, test_.norms(k)[row])));
      near_[k].positive += decided && margin > 0 ? 1 : 0;
      return decided;
    });
}

void MarginWatch::take_sample(std::size_t k, std::size_t row) {
  for (std::size_t j = 0; j < columns_; ++j) sample_[j] = test_.samples(k).value(row, j);
}

void MarginWatch::settle(const FittedScores& fitted) {
  left_ = {};
  for (std::size_t k = 0; k < near_.size(); ++k) {
    for (const std::size_t row : near_[k].open) {
      take_sample(k, row);
      const double margin = kernels_.dot(sample_.data(), weights_.data(), sample_.size());
      switch (fitted.settle(kClasses, sample_, test_.norms(k)[row], margin)) {
        case Verdict::kLeads: ++near_[k].positive; break;
        case Verdict::kTrails: break;
        case Verdict::kTie: ++left_.ties; break;
        case Verdict::kUncertified: ++left_.uncertified; break;
      }
    }
    near_[k].open.clear();
  }
}

}  // namespace shapcpp
