#include "core/judges/pair_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace shapcpp {

namespace {

constexpr double kSingleRounding = std::numeric_limits<float>::epsilon() / 2;
// With more open samples than this, their exact errors rarely decide them all; refine instead.
constexpr std::size_t kWorthErrors = 6;

}  // namespace

PairWatch::PairWatch(const Problem& problem, const Context& context)
    : test_(problem.test()),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      n_classes_(problem.n_classes()),
      weights_(checked_product(n_classes_, stride_, "weights")),
      reaches_(checked_product(n_classes_, n_classes_, "pairs of classes")),
      sample_(stride_),
      difference_(stride_),
      reference_difference_(stride_),
      margins_(n_classes_),
      single_weights_(stride_),
      within_(kernels::kTileRows),
      tile_margins_(checked_product(n_classes_, kernels::kTileRows, "margins")),
      own_limits_(n_classes_),
      open_pairs_(n_classes_),
      correct_(n_classes_),
      reference_(weights_.size()),
      limits_(checked_product(n_classes_, n_classes_ - 1, "pairs of classes") / 2),
      near_(limits_.size()),
      reference_correct_(n_classes_) {
  for (std::size_t k = 0; k < n_classes_; ++k) {
    const std::size_t size = test_.samples(k).size();
    if (size > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error(std::to_string(size) + " test samples of one class are too many");
    total_ += static_cast<double>(size);
    doubted_.emplace_back(size);
    was_correct_.emplace_back(size);
    is_contested_.emplace_back(size);
  }
}

void PairWatch::clear() {
  has_reference_ = false;
  for (Limit& limit : limits_) limit = {};
  life_ = 0;
  near_size_ = 0;
  lists_near_ = false;
  begin();
}

void PairWatch::begin() {
  looked_ = false;
  left_ = {};
  open_.clear();
  open_pairs_.add_all();
}

bool PairWatch::decide(const Scores& scores) {
  take_weights(scores);
  if (!looked_) {
    if (!is_useful(scores)) return false;
    look();
  }
  decide_open(scores, Closeness::kReach);
  if (open_.size() <= kWorthErrors) decide_open(scores, Closeness::kError);
  return open_.empty();
}

void PairWatch::decide_what_can_be(const FittedScores& fitted) {
  take_weights(fitted);
  if (!looked_) look();
  decide_open(fitted, Closeness::kError);
  settle(fitted);
}

void PairWatch::scan(const FittedScores& fitted) {
  take_weights(fitted);
  std::fill(correct_.begin(), correct_.end(), 0);
  open_.clear();
  for (const std::size_t k : classes_)
    for (std::size_t row = 0; row < test_.samples(k).size(); ++row)
      open_.push_back({static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(row)});
  decide_open(fitted, Closeness::kError);
  settle(fitted);
}

OpenSigns PairWatch::write(std::span<std::int64_t> correct) const {
  std::copy(correct_.begin(), correct_.end(), correct.begin());
  return left_;
}

void PairWatch::take_weights(const Scores& scores) {
  classes_.clear();
  longest_ = 0;
  for (std::size_t k = 0; k < n_classes_; ++k) {
    if (!scores.has(k)) continue;
    classes_.push_back(k);
    double* own = weights_.data() + k * stride_;
    scores.write_weights(k, {own, columns_});
    longest_ = std::max(longest_, std::sqrt(kernels_.dot(own, own, stride_)));
  }
  for_each_pair([&](const Pair& pair, std::size_t) {
    reaches_[pair.leader * n_classes_ + pair.rival] =
        reaches_[pair.rival * n_classes_ + pair.leader] = scores.reach(pair);
  });
}

void PairWatch::subtract(const AlignedVector& weights, std::size_t a, std::size_t b,
                         AlignedVector& difference) const {
  const double* left = weights.data() + a * stride_;
  const double* right = weights.data() + b * stride_;
  for (std::size_t j = 0; j < stride_; ++j) difference[j] = left[j] - right[j];
}

// Whether the scores are good enough to decide most predictions; else notes the pairs that are not.
bool PairWatch::is_useful(const Scores& scores) {
  open_pairs_.clear();
  bool useful = true;
  for_each_pair([&](const Pair& pair, std::size_t p) {
    const double ball = reach(pair.leader, pair.rival);
    const Limit& limit = limits_[p];
    // About this many of the near samples will be open.
    const double open = ball * static_cast<double>(limit.near) / limit.limit;
    if (lists_near_ && ball < limit.limit ? open < kWorthErrors : ball < 0.5 * scores.length(pair))
      return;
    open_pairs_.add(pair);
    useful = false;
  });
  return useful;
}

void PairWatch::look() {
  looked_ = true;
  ++age_;
  ++time_;
  if (reference_holds()) {
    look_at_near();
  } else {
    take_reference();
  }
}

void PairWatch::look_at_near() {
  correct_ = reference_correct_;
  for (const TestSample& sample : contested_) open_.push_back(sample);
  // Rounding to single precision adds to the rounding of the product.
  const double rounding = (static_cast<double>(columns_) + 6) * kSingleRounding;
  for_each_pair([&](const Pair& pair, std::size_t p) {
    if (near_[p].size() == 0) return;
    statistics_.test_evaluations += static_cast<std::int64_t>(near_[p].size());
    subtract(weights_, pair.leader, pair.rival, difference_);
    std::copy(difference_.begin(), difference_.end(), single_weights_.begin());
    const double length = std::sqrt(kernels_.dot(difference_.data(), difference_.data(), stride_));
    const auto bound =
        static_cast<float>((reach(pair.leader, pair.rival) + rounding * length) * (1 + 1e-6));
    near_[p].look(
        kernels_, single_weights_, bound, within_,
        [this](const TestSample& sample) { doubt(sample); },
        [this](const TestSample& sample) {
          doubt(sample);
          if (is_contested_[sample.k][sample.row]) return;
          is_contested_[sample.k][sample.row] = true;
          contested_.push_back(sample);
          if (was_correct_[sample.k][sample.row]) --reference_correct_[sample.k];
        });
  });
}

// Decides a sample that the reference no longer decides.
void PairWatch::doubt(const TestSample& sample) {
  if (is_contested_[sample.k][sample.row] || doubted_[sample.k][sample.row] == time_) return;
  doubted_[sample.k][sample.row] = time_;
  if (was_correct_[sample.k][sample.row]) --correct_[sample.k];
  open_.push_back(sample);
}

void PairWatch::decide_open(const Scores& scores, Closeness closeness) {
  open_pairs_.clear();
  std::erase_if(open_, [&](const TestSample& sample) {
    const State state = evaluate(scores, sample, closeness);
    if (state == State::kOpen) return false;
    correct_[sample.k] += state == State::kCorrect ? 1 : 0;
    return true;
  });
}

void PairWatch::take_margins(const TestSample& sample) {
  const SampleTiles& samples = test_.samples(sample.k);
  for (std::size_t j = 0; j < columns_; ++j) sample_[j] = samples.value(sample.row, j);
  for (const std::size_t b : classes_)
    margins_[b] = kernels_.dot(sample_.data(), weights_.data() + b * stride_, stride_);
}

// Notes the pairs that leave the sample open.
PairWatch::State PairWatch::evaluate(const Scores& scores, const TestSample& sample,
                                     Closeness closeness) {
  take_margins(sample);
  const std::size_t k = sample.k;
  const double norm = norm_of(sample);
  const auto decides = [&](std::size_t b) {
    const double lead = std::abs(margins_[k] - margins_[b]);
    if (!std::isfinite(lead)) return false;
    return lead > norm * reach(k, b) * (1 + 1e-9) ||
           (closeness == Closeness::kError && lead > scores.error({k, b}, sample_, norm));
  };
  bool leads_all = true;
  for (const std::size_t b : classes_) {
    if (b == k) continue;
    const bool decided = decides(b);
    if (decided && margins_[b] > margins_[k]) return State::kWrong;
    leads_all = leads_all && decided;
  }
  if (leads_all) return State::kCorrect;
  for (const std::size_t b : classes_)
    if (b != k && !decides(b)) open_pairs_.add({k, b});
  return State::kOpen;
}

Verdict PairWatch::verdict(const FittedScores& fitted, const Pair& pair, double norm) const {
  const double margin = margins_[pair.leader] - margins_[pair.rival];
  if (std::isfinite(margin) && std::abs(margin) > fitted.error(pair, sample_, norm))
    return margin > 0 ? Verdict::kLeads : Verdict::kTrails;
  return fitted.settle(pair, sample_, norm, margin);
}

void PairWatch::settle(const FittedScores& fitted) {
  left_ = {};
  for (const TestSample& sample : open_) {
    take_margins(sample);
    const double norm = norm_of(sample);
    std::vector<std::size_t> unbeaten;
    for (const std::size_t k : classes_) {
      const bool is_beaten = std::any_of(classes_.begin(), classes_.end(), [&](std::size_t b) {
        return b != k && verdict(fitted, {b, k}, norm) == Verdict::kLeads;
      });
      if (!is_beaten) unbeaten.push_back(k);
    }
    if (unbeaten.front() == sample.k) ++correct_[sample.k];
    if (unbeaten.size() == 1) continue;
    bool certain = true;
    for (const std::size_t a : unbeaten)
      for (const std::size_t b : unbeaten)
        if (a < b && verdict(fitted, {a, b}, norm) == Verdict::kUncertified) certain = false;
    ++(certain ? left_.ties : left_.uncertified);
  }
  open_.clear();
}

double PairWatch::bytes(const RunShape& s) {
  const double pairs = s.classes() * (s.classes() - 1) / 2;
  const double near = s.tests() * (s.classes() - 1);
  return kSingleBytes * near * (s.tiled_columns() + 1 + 2) +  // samples, norms and rows
         kNumberBytes * (pairs * 24 + 2 * s.classes() * s.columns());
}

}  // namespace shapcpp
