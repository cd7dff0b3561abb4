#include "core/judges/stepped_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr double kSingleRounding = std::numeric_limits<float>::epsilon() / 2;
constexpr double kLargestSingle = 1e30;
// Room for a product or sum that underflows.
constexpr double kUnderflow = 1e-37;
// The error of margins at which they are computed anew, in units of that of new ones.
constexpr double kMostError = 8;
// More margins than this are not kept: they would have to come from far away each time.
constexpr double kMostMargins = 1 << 22;

}  // namespace

SteppedWatch::SteppedWatch(const Problem& problem, const Context& context)
    : PairWatch(problem, context),
      margins_(n_classes_),
      vector_(stride_),
      lengths_(n_classes_),
      products_(kTileRows),
      within_(kTileRows) {}

double SteppedWatch::bytes(const RunShape& s) {
  const double rows = s.tests() + s.classes() * kernels::kRowMultiple;
  return PairWatch::bytes(s) + kSingleBytes * std::min(rows * s.classes(), kMostMargins);
}

void SteppedWatch::clear() {
  PairWatch::clear();
  holds_ = false;
}

bool SteppedWatch::decide(const SteppedScores& scores) {
  step_ = &scores.last_step();
  const bool decided = PairWatch::decide(scores);
  step_ = nullptr;
  return decided;
}

// A product for each sample, and a sum and a comparison for each class, in place of a product for
// each of both.
double SteppedWatch::cost_of_look() const {
  const auto columns = static_cast<double>(columns_);
  const auto classes = static_cast<double>(classes_.size());
  return std::min((columns + 3 * classes) / (columns * classes), 1.0);
}

// Whether vectors of this length have products in single precision.
bool SteppedWatch::fits(double length) const {
  return test_.largest_norm() * length < kLargestSingle;
}

bool SteppedWatch::look_otherwise() {
  if (step_ == nullptr) return false;
  const bool follows = step_->number == number_ + 1 && classes_ == followed_;
  number_ = step_->number;
  if (!follows) {
    followed_ = classes_;
    holds_ = false;
    return false;
  }
  if (!holds_ || !take_step()) {
    double rows = 0;
    for (const std::size_t k : classes_)
      rows += static_cast<double>(tiled_rows(test_.samples(k).size()));
    if (rows * static_cast<double>(classes_.size()) > kMostMargins) return false;
    compute_margins();
  }
  advance();
  if (open_.size() > kMany && error_ > single_rounding() * longest_) {
    compute_margins();
    advance();
  }
  return true;
}

// Lemma 28.
bool SteppedWatch::take_step() {
  const AlignedVector& direction = step_->direction;
  const double length = std::sqrt(kernels_.dot(direction.data(), direction.data(), stride_));
  double longest_step = 0;
  for (std::size_t place = 0; place < followed_.size(); ++place) {
    const double own = step_->lengths[followed_[place]];
    lengths_[place] = static_cast<float>(own);
    longest_step = std::max(longest_step, std::abs(own));
  }
  const double moved = longest_step * length;
  error_ += single_rounding() * moved + 2 * kSingleRounding * longest_ +
            kUnderflow * (1 + longest_step) * static_cast<double>(columns_);
  if (!fits(length) || !fits(moved) || !fits(longest_step) ||
      !(error_ < kMostError * single_rounding() * longest_))
    return false;
  for (std::size_t j = 0; j < columns_; ++j) vector_[j] = static_cast<float>(direction[j]);
  return true;
}

void SteppedWatch::compute_margins() {
  std::fill(lengths_.begin(), lengths_.end(), 0.0F);
  error_ =
      single_rounding() * longest_ + kUnderflow * (1 + longest_) * static_cast<double>(columns_);
  for (const std::size_t k : followed_) {
    const Tiles<float>& samples = test_.single_samples(k);
    margins_[k].resize(followed_.size() * (samples.size() + kernels::kRowMultiple));
  }
  for (std::size_t place = 0; place < followed_.size(); ++place) {
    const double* weights = weights_.data() + followed_[place] * stride_;
    for (std::size_t j = 0; j < columns_; ++j) vector_[j] = static_cast<float>(weights[j]);
    for (const std::size_t k : followed_) {
      const Tiles<float>& samples = test_.single_samples(k);
      for (std::size_t t = 0; t < samples.tile_count(); ++t) {
        const std::size_t rows = padded_rows(samples.rows_in(t));
        kernels_.single_margins(
            samples.tile(t), columns_, vector_.data(), rows,
            margins_[k].data() + followed_.size() * t * kTileRows + place * rows);
      }
    }
  }
  statistics_.test_evaluations +=
      static_cast<std::int64_t>(total_) * static_cast<std::int64_t>(followed_.size());
  holds_ = true;
}

// A bound on the error of the difference of any two margins, relative to |x|.
float SteppedWatch::reach() const {
  double most = 0;
  for (const std::size_t k : followed_) most = std::max(most, shares_[k]);
  return static_cast<float>(2 * (most + error_) * (1 + 1e-6));
}

// Moves the margins by the step, and decides what they decide.
void SteppedWatch::advance() {
  const float reach = this->reach();
  std::fill(correct_.begin(), correct_.end(), 0);
  open_.clear();
  for (std::size_t place = 0; place < followed_.size(); ++place) {
    const std::size_t k = followed_[place];
    const Tiles<float>& samples = test_.single_samples(k);
    for (std::size_t t = 0; t < samples.tile_count(); ++t) {
      const std::size_t first = t * kTileRows;
      const std::size_t rows = padded_rows(samples.rows_in(t));
      std::size_t within = 0;
      kernels_.single_margins(samples.tile(t), columns_, vector_.data(), rows, products_.data());
      correct_[k] += static_cast<std::int64_t>(
          kernels_.advance(products_.data(), lengths_.data(), followed_.size(), place, reach,
                           test_.single_norms(k).data() + first, rows,
                           margins_[k].data() + followed_.size() * first, &within, within_.data()));
      for (std::size_t i = 0; i < within; ++i)
        open_.push_back(
            {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(first + within_[i])});
    }
  }
  statistics_.test_evaluations += static_cast<std::int64_t>(total_);
}

}  // namespace shapcpp
