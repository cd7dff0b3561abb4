#include "core/learners/dual/dual_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/numerics/rounding.hpp"

namespace shapcpp {

DualScores::DualScores(const DualMembers& members)
    : members_(members),
      kernels_(kernels::kernels()),
      columns_(members.gram().problem().columns()),
      coefficients_(padded_rows(members.capacity())),
      weights_(padded_columns(columns_)) {}

void DualScores::clear() {
  std::fill(coefficients_.begin(), coefficients_.end(), 0.0);
  bounds_.radius = std::numeric_limits<double>::infinity();
  has_weights_ = false;
}

void DualScores::set(const AlignedVector& coefficients, double intercept, const Bounds& bounds) {
  std::copy_n(coefficients.begin(), members_.size(), coefficients_.begin());
  intercept_ = intercept;
  bounds_ = bounds;
  has_weights_ = false;
}

void DualScores::write_margins(AlignedVector& margins) const {
  std::fill(margins.begin(), margins.end(), intercept_);
  kernels_.add_rows(members_.rows().data(), coefficients_.data(), members_.size(), gram().width(),
                    margins.data());
}

// Products are stored in single precision, sums are not.
double DualScores::error_per_length() const {
  return (bounds_.radius + bounds_.floor) * (1 + 1e-9) + single_per_length() +
         bounds_.sum_rounding * bounds_.coefficients +
         3 * bounds_.dot_rounding * bounds_.weights_length;
}

double DualScores::single_per_length() const {
  return 1.001 * kSingleRounding * bounds_.coefficients;
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
    const TrainingSet& training = members_.training();
    for (std::size_t i = 0; i < members_.size(); ++i)
      kernels_.add_scaled(weights_.data(), weights_.size(),
                          training.sample(members_.samples()[i]).data(), coefficients_[i]);
    for (std::size_t j = 0; j < columns_; ++j) weights_[j] *= gram().inverse_penalty()[j];
    weights_[columns_ - 1] = intercept_;
    has_weights_ = true;
  }
  return std::span(weights_).first(columns_);
}

double DualScores::margin(const AlignedVector& x) const {
  weights();
  return kernels_.dot(x.data(), weights_.data(), weights_.size());
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
  return error_at(1 / std::sqrt(gram().least_penalty()), 1);
}

double DualScores::error(const Pair&, const AlignedVector& x, double norm) const {
  return error_at(gram().length(std::span(x).first(columns_)), norm);
}

double DualScores::rounding(const Pair&) const {
  return error_at(1 / std::sqrt(gram().least_penalty()), 1) -
         (bounds_.radius + bounds_.floor) * bounds_.offset;
}

}  // namespace shapcpp
