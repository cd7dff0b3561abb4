#include "core/learners/dual/dual_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {
namespace {

constexpr double kSingleRounding = std::numeric_limits<float>::epsilon() / 2;

}  // namespace

DualScores::DualScores(const Gram& gram, std::size_t capacity)
    : gram_(gram),
      kernels_(kernels::kernels()),
      columns_(gram.problem().columns()),
      coefficients_(padded_rows(capacity)),
      weights_(padded_columns(columns_)) {
  if (!gram.is_stored())
    room_.resize(checked_product(capacity, gram.width(), "products of test samples"));
}

void DualScores::clear() {
  members_.clear();
  rows_.clear();
  bounds_.radius = std::numeric_limits<double>::infinity();
  has_weights_ = false;
}

void DualScores::join(std::size_t i) {
  float* room = gram_.is_stored() ? nullptr : room_.data() + members_.size() * gram_.width();
  rows_.push_back(gram_.tests(i, room));
  members_.push_back(i);
}

void DualScores::set(const AlignedVector& coefficients, double intercept, const Bounds& bounds) {
  std::copy_n(coefficients.begin(), members_.size(), coefficients_.begin());
  intercept_ = intercept;
  bounds_ = bounds;
  has_weights_ = false;
}

void DualScores::write_margins(AlignedVector& margins) const {
  std::fill(margins.begin(), margins.end(), intercept_);
  kernels_.add_rows(rows_.data(), coefficients_.data(), rows_.size(), gram_.width(),
                    margins.data());
}

// Products are stored in single precision, sums are not.
double DualScores::error_per_length() const {
  return (bounds_.radius + bounds_.floor) * (1 + 1e-9) +
         (1.001 * kSingleRounding + bounds_.sum_rounding) * bounds_.coefficients +
         3 * bounds_.dot_rounding * bounds_.weights_length;
}

double DualScores::error() const {
  return (bounds_.radius + bounds_.floor) * bounds_.offset * (1 + 1e-9) +
         3 * (bounds_.dot_rounding + bounds_.sum_rounding) * std::abs(intercept_);
}

// The same for a product with the weights.
double DualScores::error_at(double length, double norm) const {
  return (bounds_.radius + bounds_.floor) * (length + bounds_.offset) * (1 + 1e-9) +
         length * (bounds_.sum_rounding * bounds_.coefficients +
                   3 * bounds_.dot_rounding * bounds_.weights_length) +
         3 * (bounds_.dot_rounding + bounds_.sum_rounding) * std::abs(intercept_) +
         3 * bounds_.margin_rounding * norm;
}

std::span<const double> DualScores::weights() const {
  if (!has_weights_) {
    std::fill(weights_.begin(), weights_.end(), 0.0);
    const TrainingSet& training = gram_.problem().training();
    for (std::size_t i = 0; i < members_.size(); ++i)
      kernels_.add_scaled(weights_.data(), weights_.size(), training.sample(members_[i]).data(),
                          coefficients_[i]);
    for (std::size_t j = 0; j < columns_; ++j) weights_[j] *= gram_.inverse_penalty()[j];
    weights_[columns_ - 1] = intercept_;
    has_weights_ = true;
  }
  return std::span(weights_).first(columns_);
}

void DualScores::write_weights(std::size_t k, std::span<double> w) const {
  if (k == 1)
    std::copy_n(weights().begin(), w.size(), w.begin());
  else
    std::fill(w.begin(), w.end(), 0.0);
}

double DualScores::length(const Pair&) const {
  double squares = 0;
  for (const double w : weights()) squares += w * w;
  return std::sqrt(squares);
}

// A sample is at least 1 long, its intercept.
double DualScores::reach(const Pair&) const {
  return error_at(1 / std::sqrt(gram_.least_penalty()), 1);
}

double DualScores::error(const Pair&, const AlignedVector& x, double norm) const {
  return error_at(gram_.length(std::span(x).first(columns_)), norm);
}

double DualScores::rounding(const Pair&) const {
  return error_at(1 / std::sqrt(gram_.least_penalty()), 1) -
         (bounds_.radius + bounds_.floor) * bounds_.offset;
}

}  // namespace shapcpp
