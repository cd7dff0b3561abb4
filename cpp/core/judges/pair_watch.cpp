#include "core/judges/pair_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace shapcpp {

namespace {

// With more open samples than this, their exact errors rarely decide them all; refine instead.
constexpr std::size_t kWorthErrors = 6;
// Scores whose reach is a larger share of the weights decide little.
constexpr double kUseful = 0.25;

}  // namespace

PairWatch::PairWatch(const Problem& problem, const Context& context)
    : test_(problem.test()),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      n_classes_(problem.n_classes()),
      weights_(checked_product(n_classes_, stride_, "weights")),
      shares_(n_classes_),
      correct_(n_classes_),
      lengths_(n_classes_),
      sample_(stride_),
      margins_(n_classes_),
      copies_(columns_, n_classes_, kernels_),
      single_weights_(weights_.size()),
      single_bounds_(n_classes_),
      within_(kernels::kTileRows),
      open_pairs_(n_classes_),
      centre_(stride_),
      centred_(weights_.size()),
      reference_(weights_.size()),
      limits_(n_classes_),
      near_(n_classes_),
      far_correct_(n_classes_) {
  for (std::size_t k = 0; k < n_classes_; ++k) {
    const std::size_t size = test_.samples(k).size();
    if (size > std::numeric_limits<std::uint32_t>::max())
      throw std::length_error(std::to_string(size) + " test samples of one class are too many");
    total_ += static_cast<double>(size);
  }
}

double PairWatch::bytes(const RunShape& s) {
  return kSingleBytes * s.tests() * (s.tiled_columns() + 1 + 1) +  // samples, norms and rows
         (3 * kNumberBytes + kSingleBytes) * s.classes() * s.columns() +
         kNumberBytes * kernels::kTileRows * (s.classes() + s.columns());
}

void PairWatch::begin() {
  looked_ = false;
  left_ = {};
  open_.clear();
  copied_ = false;
  open_pairs_.add_all();
}

bool PairWatch::decide(const Scores& scores) {
  take_weights(scores);
  if (!looked_ || open_.size() > kMany) {
    if (!is_useful()) return false;
    look();
  }
  if (open_.size() > kMany && !is_exact()) {
    if (scores.has_parts()) note_some();
    return false;
  }
  decide_by_reach();
  if (open_.size() <= kWorthErrors) decide_by_error(scores);
  return open_.empty();
}

void PairWatch::decide_what_can_be(const FittedScores& fitted) {
  take_weights(fitted);
  if (!looked_ || open_.size() > kMany) look();
  copied_ = false;  // with margins of other weights
  decide_by_error(fitted);
  settle(fitted);
}

void PairWatch::scan(const FittedScores& fitted) {
  take_weights(fitted);
  open_all();
  decide_by_error(fitted);
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
    scores.write_weights(k, {weights_.data() + k * stride_, columns_});
    shares_[k] = scores.share_of_reach(k);
  }
  for (const std::size_t k : classes_) {  // by itself: numbers that were just written come late
    const double* own = weights_.data() + k * stride_;
    lengths_[k] = std::sqrt(kernels_.dot(own, own, stride_));
    longest_ = std::max(longest_, lengths_[k]);
  }
}

// Whether the scores are good enough to decide most predictions; else notes the classes that are
// not.
bool PairWatch::is_useful() {
  open_pairs_.clear();
  bool useful = true;
  for (const std::size_t k : classes_) {
    if (shares_[k] < kUseful * longest_) continue;
    open_pairs_.add(k);
    useful = false;
  }
  return useful;
}

// Whether single precision leaves more open than the scores do.
bool PairWatch::is_exact() const {
  return std::all_of(classes_.begin(), classes_.end(), [this](std::size_t k) {
    return shares_[k] <= single_rounding() * lengths_[k];
  });
}

void PairWatch::open_all() {
  std::fill(correct_.begin(), correct_.end(), 0);
  open_.clear();
  copied_ = false;
  for (const std::size_t k : classes_)
    for (std::size_t row = 0; row < test_.samples(k).size(); ++row)
      open_.push_back({static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(row)});
}

void PairWatch::decide_by_reach() {
  open_pairs_.clear();
  std::size_t kept = 0;
  for (std::size_t first = 0; first < open_.size(); first += kMany) {
    const std::size_t count = std::min(kMany, open_.size() - first);
    copy_out(first, count);
    const kernels::OpenBits bits = copies_.decide(classes_, shares_, open_pairs_);
    for (std::size_t i = 0; i < count; ++i) {
      const TestSample sample = open_[first + i];
      if (notes_margins()) {
        recall(i);
        note_margins(sample, margins_);
      }
      correct_[sample.k] += static_cast<std::int64_t>(bits.correct >> i & 1);
      if ((bits.open >> i & 1) == 0) continue;
      if (copied_) copies_.move(i, kept);
      open_[kept++] = sample;
    }
  }
  open_.resize(kept);
  if (copied_) copies_.shrink(kept);
}

void PairWatch::decide_by_error(const Scores& scores) {
  open_pairs_.clear();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const TestSample sample = open_[i];
    if (copied_)
      recall(i);
    else
      take_margins(sample);
    const State state = evaluate(scores, sample);
    if (state == State::kCorrect) ++correct_[sample.k];
    if (state != State::kOpen) continue;
    if (copied_) copies_.move(i, kept);
    open_[kept++] = sample;
  }
  open_.resize(kept);
  if (copied_) copies_.shrink(kept);
}

// Notes the pairs that leave some of the open samples open.
void PairWatch::note_some() {
  open_pairs_.clear();
  copy_out(0, kMany);
  copies_.decide(classes_, shares_, open_pairs_);
}

// Copies these open samples out, at most kMany, unless they are, and computes their margins.
void PairWatch::copy_out(std::size_t first, std::size_t count) {
  if (!copied_) {
    copies_.clear();
    for (std::size_t i = first; i < first + count; ++i)
      copies_.append(test_, open_[i].k, open_[i].row);
    copied_ = count == open_.size();
  }
  copies_.take_margins(weights_, stride_);
}

// A sample that has been copied out.
void PairWatch::recall(std::size_t i) {
  for (std::size_t j = 0; j < columns_; ++j) sample_[j] = copies_.value(i, j);
  for (const std::size_t b : classes_) margins_[b] = copies_.margin(i, b);
}

void PairWatch::take_margins(const TestSample& sample) {
  const SampleTiles& samples = test_.samples(sample.k);
  for (std::size_t j = 0; j < columns_; ++j) sample_[j] = samples.value(sample.row, j);
  for (const std::size_t b : classes_)
    margins_[b] = kernels_.dot(sample_.data(), weights_.data() + b * stride_, stride_);
}

// By the error of the scores at the sample; notes the pairs that leave it open.
PairWatch::State PairWatch::evaluate(const Scores& scores, const TestSample& sample) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  const std::size_t k = sample.k;
  const double norm = norm_of(sample);
  const double own = margins_[k];
  undecided_.clear();
  for (const std::size_t b : classes_) {
    if (b == k) continue;
    const double lead = std::abs(own - margins_[b]);
    const double reach = norm * (shares_[k] + shares_[b]) * (1 + 1e-9);
    // A margin that overflows decides nothing.
    if (lead <= kLargest && (lead > reach || lead > scores.error({k, b}, sample_, norm))) {
      if (margins_[b] > own) return State::kWrong;
      continue;
    }
    undecided_.push_back(b);
  }
  for (const std::size_t b : undecided_) open_pairs_.add({k, b});
  return undecided_.empty() ? State::kCorrect : State::kOpen;
}

Verdict PairWatch::verdict(const FittedScores& fitted, const Pair& pair, double norm) const {
  const double margin = margins_[pair.leader] - margins_[pair.rival];
  if (std::isfinite(margin) && std::abs(margin) > fitted.error(pair, sample_, norm))
    return margin > 0 ? Verdict::kLeads : Verdict::kTrails;
  return fitted.settle(pair, sample_, norm, margin);
}

// A class that the one of the largest margin leads is beaten, which spares most pairs.
void PairWatch::settle(const FittedScores& fitted) {
  left_ = {};
  for (const TestSample& sample : open_) {
    take_margins(sample);
    const double norm = norm_of(sample);
    const auto is_led = [&](std::size_t k, std::size_t by) {
      return by != k && verdict(fitted, {by, k}, norm) == Verdict::kLeads;
    };
    const std::size_t first = *std::max_element(
        classes_.begin(), classes_.end(),
        [this](std::size_t a, std::size_t b) { return margins_[a] < margins_[b]; });
    std::vector<std::size_t> unbeaten;
    for (const std::size_t k : classes_)
      if (!is_led(k, first) && std::none_of(classes_.begin(), classes_.end(),
                                            [&](std::size_t b) { return is_led(k, b); }))
        unbeaten.push_back(k);
    if (unbeaten.empty()) {  // a bound failed: some verdicts contradict others
      ++left_.uncertified;
      continue;
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

}  // namespace shapcpp
