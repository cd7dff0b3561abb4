#include "core/judges/training_predictions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/learners/sums.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr float kInfinite = std::numeric_limits<float>::infinity();
constexpr double kLargestSingle = 1e30;
// Above this ratio of the error of a lead to its length, hardly any sample is decided.
constexpr double kWorthLooking = 0.5;
// Exact errors of this many samples cost about as much as the pass that would make them
// unnecessary.
constexpr std::size_t kWorthErrors = 32;
// If fewer than one sample in this many is outside, each is evaluated by itself.
constexpr std::size_t kWorthTiles = 16;

}  // namespace

TrainingPredictions::TrainingPredictions(const Problem& problem, const Context& context)
    : training_(problem.training()),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      n_classes_(problem.n_classes()),
      samples_(columns_, training_.size()),
      weights_(checked_product(n_classes_, stride_, "weights")),
      reaches_(checked_product(n_classes_, n_classes_, "pairs of classes")),
      single_weights_(checked_product(n_classes_, columns_, "weights")),
      lengths_(n_classes_),
      bounds_(reaches_.size()),
      tile_margins_(checked_product(n_classes_, kTileRows, "margins")),
      best_(kTileRows),
      next_(kTileRows),
      leads_(kTileRows),
      leaders_(kTileRows),
      sample_(stride_),
      margins_(n_classes_),
      open_pairs_(n_classes_) {
  if (training_.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::length_error(std::to_string(training_.size()) + " samples are too many for votes");
  norms_.reserve(training_.size());
  for (std::size_t i = 0; i < training_.size(); ++i) {
    context.checkpoint();
    samples_.append(training_.sample(i));
    norms_.push_back(static_cast<float>(training_.norm_of(i)));
    largest_norm_ = std::max(largest_norm_, training_.norm_of(i));
  }
}

double TrainingPredictions::bytes(const RunShape& s) {
  return kSingleBytes * (s.samples() * (s.tiled_columns() + 1) +     // samples and norms
                         s.classes() * (s.columns() + kTileRows)) +  // weights and margins
         kNumberBytes * s.classes() * s.columns() +                  // weights
         (kNumberBytes + kSingleBytes) * s.classes() * s.classes();  // reaches and bounds
}

void TrainingPredictions::begin(std::span<Prediction> ballot) {
  ballot_ = ballot;
  outside_ = ballot.size() -
             static_cast<std::size_t>(std::count(ballot.begin(), ballot.end(), kNoPrediction));
  looked_ = false;
  open_.clear();
  open_pairs_.add_all();
}

bool TrainingPredictions::decide(const Scores& scores) {
  take_weights(scores);
  if (!looked_) {
    if (!is_useful(scores)) return false;
    look(scores);
  }
  decide_open(scores, Closeness::kReach);
  if (open_.size() <= kWorthErrors) decide_open(scores, Closeness::kError);
  return open_.empty();
}

OpenSigns TrainingPredictions::decide_what_can_be(const FittedScores& fitted) {
  take_weights(fitted);
  if (!looked_) look(fitted);
  decide_open(fitted, Closeness::kError);
  return settle(fitted);
}

OpenSigns TrainingPredictions::scan(const FittedScores& fitted) {
  take_weights(fitted);
  open_all();
  decide_open(fitted, Closeness::kError);
  return settle(fitted);
}

void TrainingPredictions::take_weights(const Scores& scores) {
  classes_.clear();
  longest_ = 0;
  for (std::size_t k = 0; k < n_classes_; ++k) {
    if (!scores.has(k)) continue;
    classes_.push_back(k);
    double* own = weights_.data() + k * stride_;
    scores.write_weights(k, {own, columns_});
    const double length = std::sqrt(kernels_.dot(own, own, stride_));
    longest_ = std::max(longest_, std::isnan(length) ? double{kInfinite} : length);
  }
  for (const std::size_t a : classes_)
    for (const std::size_t b : classes_)
      if (a < b) reaches_[a * n_classes_ + b] = reaches_[b * n_classes_ + a] = scores.reach({a, b});
}

// Whether the scores are good enough to decide most predictions; else notes the pairs that are not.
bool TrainingPredictions::is_useful(const Scores& scores) {
  open_pairs_.clear();
  bool useful = true;
  for (const std::size_t a : classes_)
    for (const std::size_t b : classes_) {
      if (a >= b || reach(a, b) < kWorthLooking * scores.length({a, b})) continue;
      open_pairs_.add({a, b});
      useful = false;
    }
  return useful;
}

// Whether no margin overflows in single precision.
bool TrainingPredictions::fits_single() const {
  return largest_norm_ * std::max(2 * longest_, 1.0) < kLargestSingle;
}

void TrainingPredictions::look(const Scores& scores) {
  looked_ = true;
  if (outside_ * kWorthTiles > ballot_.size() && fits_single()) {
    set_bounds(scores);
    examine();
  } else {
    open_all();
  }
}

void TrainingPredictions::open_all() {
  open_.clear();
  for (std::size_t row = 0; row < ballot_.size(); ++row)
    if (ballot_[row] != kNoPrediction) open_.push_back(static_cast<std::uint32_t>(row));
}

// Rounding to single precision adds to the rounding of the products, whose difference rounds once.
void TrainingPredictions::set_bounds(const Scores& scores) {
  const double* first = weights_.data() + classes_.front() * stride_;
  for (const std::size_t k : classes_) {
    const double* own = weights_.data() + k * stride_;
    float* lead = single_weights_.data() + k * columns_;
    for (std::size_t j = 0; j < columns_; ++j) lead[j] = static_cast<float>(own[j] - first[j]);
    lengths_[k] = k == classes_.front() ? 0 : scores.length({k, classes_.front()});
  }
  const double rounding = (single_roundings(columns_) + 5) * kSingleRounding;
  widest_ = 0;
  for (const std::size_t a : classes_)
    for (const std::size_t b : classes_) {
      if (a == b) continue;
      const double bound = (reach(a, b) + rounding * (lengths_[a] + lengths_[b])) * (1 + 1e-6);
      bounds_[a * n_classes_ + b] = static_cast<float>(bound);
      widest_ = std::max(widest_, std::isnan(bound) ? kInfinite : static_cast<float>(bound));
    }
}

// Predicts all samples outside, and lists those for which another class may lead.
void TrainingPredictions::examine() {
  for (std::size_t t = 0; t < samples_.tile_count(); ++t) {
    const std::size_t first = t * kTileRows;
    const std::size_t rows = samples_.rows_in(t);
    rank(t);
    for (std::size_t i = 0; i < rows; ++i) {
      Prediction& prediction = ballot_[first + i];
      prediction = prediction == kNoPrediction ? kNoPrediction : leaders_[i];
    }
    for (std::size_t i = 0; i < rows; ++i)
      if (!(leads_[i] > widest_ * norms_[first + i]) && ballot_[first + i] != kNoPrediction &&
          !leads_all(first + i, i))
        open_.push_back(static_cast<std::uint32_t>(first + i));
  }
}

// Of the samples of a tile: the leader, and its lead over the next class. Without branches, which
// samples in no order would mislead.
void TrainingPredictions::rank(std::size_t t) {
  const std::size_t rows = padded_rows(samples_.rows_in(t));
  std::fill_n(best_.begin(), rows, 0.0F);  // the first class leads itself by nothing
  std::fill_n(next_.begin(), rows, -kInfinite);
  std::fill_n(leaders_.begin(), rows, static_cast<Prediction>(classes_.front()));
  for (const std::size_t k : classes_) {
    if (k == classes_.front()) continue;
    float* margins = tile_margins_.data() + k * kTileRows;
    kernels_.single_margins(samples_.tile(t), columns_, single_weights_.data() + k * columns_, rows,
                            margins);
    for (std::size_t i = 0; i < rows; ++i) {
      const float margin = margins[i];
      const bool leads = margin > best_[i];
      next_[i] = std::max(next_[i], std::min(margin, best_[i]));
      best_[i] = std::max(best_[i], margin);
      leaders_[i] = leads ? static_cast<Prediction>(k) : leaders_[i];
    }
  }
  for (std::size_t i = 0; i < rows; ++i) leads_[i] = best_[i] - next_[i];
}

// By the bounds of its own pairs.
bool TrainingPredictions::leads_all(std::size_t row, std::size_t in_tile) const {
  const std::size_t leader = leaders_[in_tile];
  return std::all_of(classes_.begin(), classes_.end(), [&](std::size_t k) {
    const float margin = k == classes_.front() ? 0 : tile_margins_[k * kTileRows + in_tile];
    return k == leader || best_[in_tile] - margin > bounds_[leader * n_classes_ + k] * norms_[row];
  });
}

// Computes the margins of the current sample, and returns the class with the largest.
std::size_t TrainingPredictions::take_margins(std::size_t row) {
  const auto sample = training_.sample(row);
  std::copy(sample.begin(), sample.end(), sample_.begin());
  std::size_t leader = classes_.front();
  for (const std::size_t k : classes_) {
    margins_[k] = kernels_.dot(sample_.data(), weights_.data() + k * stride_, stride_);
    if (margins_[k] > margins_[leader]) leader = k;
  }
  return leader;
}

void TrainingPredictions::decide_open(const Scores& scores, Closeness closeness) {
  open_pairs_.clear();
  std::erase_if(open_, [&](std::size_t row) { return decides(scores, row, closeness); });
}

// Notes the pairs that leave the sample open.
bool TrainingPredictions::decides(const Scores& scores, std::size_t row, Closeness closeness) {
  const std::size_t leader = take_margins(row);
  const double norm = training_.norm_of(row);
  bool leads_all = true;
  for (const std::size_t k : classes_) {
    if (k == leader) continue;
    const double lead = margins_[leader] - margins_[k];
    if (std::isfinite(lead) &&
        (lead > norm * reach(leader, k) * (1 + 1e-9) ||
         (closeness == Closeness::kError && lead > scores.error({leader, k}, sample_, norm))))
      continue;
    open_pairs_.add({leader, k});
    leads_all = false;
  }
  if (leads_all) ballot_[row] = static_cast<Prediction>(leader);
  return leads_all;
}

OpenSigns TrainingPredictions::settle(const FittedScores& fitted) {
  OpenSigns left;
  for (const std::size_t row : open_) {
    take_margins(row);
    const double norm = training_.norm_of(row);
    const auto verdict = [&](std::size_t a, std::size_t b) {
      const double margin = margins_[a] - margins_[b];
      if (std::isfinite(margin) && std::abs(margin) > fitted.error({a, b}, sample_, norm))
        return margin > 0 ? Verdict::kLeads : Verdict::kTrails;
      return fitted.settle({a, b}, sample_, norm, margin);
    };
    std::vector<std::size_t> unbeaten;
    for (const std::size_t k : classes_)
      if (std::none_of(classes_.begin(), classes_.end(),
                       [&](std::size_t b) { return b != k && verdict(b, k) == Verdict::kLeads; }))
        unbeaten.push_back(k);
    ballot_[row] = static_cast<Prediction>(unbeaten.front());
    if (unbeaten.size() == 1) continue;
    bool certain = true;
    for (const std::size_t a : unbeaten)
      for (const std::size_t b : unbeaten)
        if (a < b && verdict(a, b) == Verdict::kUncertified) certain = false;
    ++(certain ? left.ties : left.uncertified);
  }
  open_.clear();
  return left;
}

}  // namespace shapcpp
