#include "core/judges/stepped_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/numerics/rounding.hpp"

namespace shapcpp {

using kernels::kBlockRows;
using kernels::kTileRows;

namespace {

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr double kLargestSingle = 1e30;
// Room for a product or sum that underflows.
constexpr double kUnderflow = 1e-37;
// Room for the rounding of bounds to single precision.
constexpr double kRoom = 1e-6;
// More leads than this are not kept: they would have to come from far away each time.
constexpr double kMostLeads = 1 << 22;

}  // namespace

SteppedWatch::SteppedWatch(const Problem& problem, const Context& context)
    : PairWatch(problem, context),
      kept_(n_classes_),
      steps_(n_classes_),
      lengths_(n_classes_),
      scaled_(stride_),
      products_(n_classes_),
      vector_(stride_),
      margins_(checked_product(n_classes_, kTileRows, "margins")),
      within_(kTileRows) {}

double SteppedWatch::bytes(const RunShape& s) {
  const double rows = s.tests() + s.classes() * kernels::kRowMultiple;
  return PairWatch::bytes(s) + WholeSamples::bytes(s) + ScaledRows::bytes(s) +
         kSingleBytes * (std::min(rows * s.classes(), kMostLeads) + rows);
}

void SteppedWatch::clear() {
  PairWatch::clear();
  holds_ = false;
  forwards_ = true;
}

bool SteppedWatch::decide(const SteppedScores& scores) {
  step_ = &scores.last_step();
  const bool decided = PairWatch::decide(scores);
  step_ = nullptr;
  return decided;
}

// A product for each sample, at a quarter, and a sum and a comparison for each class, in place of a
// product for each of both.
double SteppedWatch::cost_of_look() const {
  const auto columns = static_cast<double>(columns_);
  const auto classes = static_cast<double>(classes_.size());
  return std::min((columns / 4 + 3 * classes) / (columns * classes), 1.0);
}

// Whether the leads are few enough, and none overflows in single precision. Norms are at least 1.
bool SteppedWatch::may_keep() const {
  double rows = 0;
  for (const std::size_t k : classes_)
    rows += static_cast<double>(padded_rows(test_.samples(k).size()));
  return rows * static_cast<double>(classes_.size()) < kMostLeads && longest_ < kLargestSingle;
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
  if (!may_keep()) return holds_ = false;
  if (!holds_ || !take_step()) compute_leads();
  advance();
  if (open_.size() > kMany && error_ > rounding_of_leads()) {
    compute_leads();
    advance();
  }
  if (open_.size() <= kMany) decide_by_rows();
  return true;
}

// Lemma 28.
bool SteppedWatch::take_step() {
  moves_ = true;
  samples_->write(step_->direction, direction_);
  double least = step_->lengths[followed_.front()];
  double most = least;
  for (const std::size_t k : followed_) {
    least = std::min(least, step_->lengths[k]);
    most = std::max(most, step_->lengths[k]);
  }
  const double range = most - least;
  error_ += range * (direction_.error + 3 * kSingleRounding * direction_.size) +
            2 * kSingleRounding * (2 * longest_ + error_) +
            kUnderflow * (1 + range + direction_.size);
  return std::max({range, direction_.size, range * direction_.size}) < kLargestSingle &&
         error_ < longest_;
}

// The error of leads that `compute_leads` has written.
double SteppedWatch::rounding_of_leads() const {
  return 2 * (single_rounding() + 4 * kSingleRounding) * longest_ +
         kUnderflow * (1 + longest_) * static_cast<double>(columns_);
}

// The error of leads that `decide_by_rows` has computed.
double SteppedWatch::rounding_of_rows() const {
  return 4 * kSingleRounding * longest_ +
         kUnderflow * (1 + longest_) * static_cast<double>(columns_);
}

// Bound on the reach of a class.
double SteppedWatch::most_reach() const {
  double most = 0;
  for (const std::size_t k : followed_) most = std::max(most, shares_[k]);
  return most;
}

// Writes the leads by the weights, and a step that moves none.
void SteppedWatch::compute_leads() {
  if (!samples_) {
    samples_.emplace(test_, columns_, kernels_);
    rows_.emplace(test_, columns_);
  }
  samples_->write(AlignedVector(stride_), direction_);
  error_ = rounding_of_leads();
  moves_ = false;
  const std::size_t rivals = followed_.size() - 1;
  for (const std::size_t k : followed_) {
    const std::size_t size = test_.samples(k).size();
    kept_[k].leads.resize(rivals * padded_rows(size));
    kept_[k].known.assign(padded_rows(size), kNotANumber);
    std::fill_n(kept_[k].known.begin(), size, 0.0F);
    for (std::size_t t = 0; t < test_.samples(k).tile_count(); ++t) compute_leads(k, t);
  }
  statistics_.test_evaluations +=
      static_cast<std::int64_t>(total_) * static_cast<std::int64_t>(followed_.size());
  holds_ = true;
}

void SteppedWatch::compute_leads(std::size_t k, std::size_t t) {
  const Tiles<float>& samples = test_.single_samples(k);
  for (std::size_t place = 0; place < followed_.size(); ++place) {
    const double* weights = weights_.data() + followed_[place] * stride_;
    for (std::size_t j = 0; j < columns_; ++j) vector_[j] = static_cast<float>(weights[j]);
    kernels_.single_margins(samples.tile(t), columns_, vector_.data(),
                            padded_rows(samples.rows_in(t)), margins_.data() + place * kTileRows);
  }
  const auto own = static_cast<std::size_t>(std::find(followed_.begin(), followed_.end(), k) -
                                            followed_.begin());
  for (std::size_t i = 0; i < samples.rows_in(t); ++i) {
    const std::size_t row = t * kTileRows + i;
    const auto inverse = static_cast<float>(1 / test_.norms(k)[row]);
    write_leads(k, row, [&](std::size_t place) {
      return (margins_[own * kTileRows + i] - margins_[place * kTileRows + i]) * inverse;
    });
  }
}

// The leads of a sample over the classes followed are lead(place).
template <class Lead>
void SteppedWatch::write_leads(std::size_t k, std::size_t row, const Lead& lead) {
  const std::size_t first = row / kBlockRows * kBlockRows;
  const std::size_t height = std::min(kBlockRows, padded_rows(test_.samples(k).size()) - first);
  float* target = kept_[k].leads.data() + (followed_.size() - 1) * first + (row - first);
  for (std::size_t place = 0; place < followed_.size(); ++place) {
    if (followed_[place] == k) continue;
    *target = lead(place);
    target += height;
  }
}

// Margins of the weights that the leads are those of.
void SteppedWatch::note_margins(const TestSample& sample, const std::vector<double>& margins) {
  if (step_ == nullptr || !holds_ || step_->number != number_) return;
  const double inverse = 1 / test_.norms(sample.k)[sample.row];
  write_leads(sample.k, sample.row, [&](std::size_t place) {
    return static_cast<float>((margins[sample.k] - margins[followed_[place]]) * inverse);
  });
  const double own = 4 * kSingleRounding * longest_ + kUnderflow;
  kept_[sample.k].known[sample.row] = static_cast<float>(std::max(error_ - own, 0.0) * (1 - kRoom));
}

// Computes the leads of the open samples anew, keeps them, and decides what they decide.
void SteppedWatch::decide_by_rows() {
  const double rounding = rounding_of_rows();
  const double limit = (2 * most_reach() + rounding) * (1 + kRoom);
  // Their rounding to single precision comes to it.
  const double own = rounding + 2 * kSingleRounding * longest_ + kUnderflow;
  const auto known = static_cast<float>(std::max(error_ - own, 0.0) * (1 - kRoom));
  std::erase_if(open_, [&](const TestSample& sample) {
    rows_->write(sample.k, sample.row, scaled_.data());
    kernels_.products(weights_.data(), n_classes_, stride_, scaled_.data(), products_.data());
    double least = std::numeric_limits<double>::infinity();
    write_leads(sample.k, sample.row, [&](std::size_t place) {
      const double lead = products_[sample.k] - products_[followed_[place]];
      least = std::min(least, lead);
      return static_cast<float>(lead);
    });
    kept_[sample.k].known[sample.row] = known;
    if (least > limit) ++correct_[sample.k];
    return std::abs(least) > limit;
  });
}

// Moves the leads by the step, and decides what they decide. Every other time the last class is the
// first, since its leads and samples are still in the nearest cache.
void SteppedWatch::advance() {
  const auto limit = static_cast<float>((2 * most_reach() + error_) * (1 + kRoom));
  const kernels::WholeVector direction = samples_->view(direction_);
  const std::size_t rivals = followed_.size() - 1;
  std::fill(correct_.begin(), correct_.end(), 0);
  open_.clear();
  for (std::size_t i = 0; i < followed_.size(); ++i)
    steps_[i] = moves_ ? step_->lengths[followed_[i]] : 0;
  for (std::size_t i = 0; i < followed_.size(); ++i)
    advance(forwards_ ? i : rivals - i, direction, limit);
  forwards_ = !forwards_;
  statistics_.test_evaluations += static_cast<std::int64_t>(total_);
}

void SteppedWatch::advance(std::size_t place, const kernels::WholeVector& direction, float limit) {
  const std::size_t k = followed_[place];
  const std::size_t rivals = followed_.size() - 1;
  const double own = steps_[place];
  for (std::size_t b = 0; b < place; ++b) lengths_[b] = static_cast<float>(own - steps_[b]);
  for (std::size_t b = place; b < rivals; ++b)
    lengths_[b] = static_cast<float>(own - steps_[b + 1]);
  const std::size_t rows = padded_rows(test_.samples(k).size());
  for (std::size_t first = 0; first < rows; first += kTileRows) {
    std::size_t within = 0;
    correct_[k] += static_cast<std::int64_t>(
        kernels_.advance(samples_->samples(k, first), direction, lengths_.data(), rivals, limit,
                         kept_[k].known.data() + first, std::min(kTileRows, rows - first),
                         kept_[k].leads.data() + rivals * first, &within, within_.data()));
    for (std::size_t i = 0; i < within; ++i)
      open_.push_back(
          {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(first + within_[i])});
  }
}

}  // namespace shapcpp
