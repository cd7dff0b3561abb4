// The passes of `SoftmaxPath` over the members: a base at the anchor, and how far the members are
// from where their losses are expanded.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/learners/multinomial/softmax_path.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Below this times sqrt(2), logits of a member are no further apart than 700.
constexpr double kFarLogits = 490;
// Beyond this neither products nor fourth powers of shifts stay far from overflow.
constexpr double kLargest = 1e60;

}  // namespace

// Rows that pad those of the members have neither shifts nor ratios of probabilities.
void SoftmaxPath::empty_rows_after(std::size_t row) {
  while (++row % kernels::kRowMultiple != 0)
    for (std::size_t k = 0; k < sums_.classes(); ++k) {
      expanded_[place(row, k)] = 0;
      inverses_[place(row, k)] = kInfinite;
    }
}

// Logits round, here and where the losses were expanded. So do probabilities, and those below
// exp(-700) are not computed.
void SoftmaxPath::bound_shifts() {
  const double lengths = sums_.length(anchor_);
  const double far = 8 * sums_.dot_rounding() * members_.largest_norm() * lengths;
  shifts_.largest += far;
  const double root = std::sqrt(std::sqrt(shifts_.fourth * (1 + 1e-9))) +
                      far * std::sqrt(std::sqrt(members_.total_weight()));
  shifts_.fourth = root * root * root * root;
  if (!(members_.largest_norm() * lengths < kLargest)) shifts_.largest = kInfinite;
  const double terms = 4 * static_cast<double>(sums_.classes()) + 1500;
  decline_ *= (1 + terms * kRounding) * std::exp(far);
  const double by_range = std::exp(shifts_.largest);
  if (!(members_.largest_norm() * lengths < kFarLogits && decline_ < by_range)) decline_ = by_range;
}

// A rough one is made in full where numbers leave the range of single precision.
void SoftmaxPath::pass(bool is_rough) {
  is_rough_ = is_rough && sums_.rough_pass(anchor_, training_.penalty());
  if (is_rough_) {
    sums_.helmert().from_classes(sums_.gradient().data(), sums_.classes(), gradient_.data());
    return;
  }
  shifts_ = {};
  double least = 1;
  const std::size_t tile = sums_.classes() * kTileRows;
  sums_.pass(
      anchor_, training_.penalty(),
      [&](std::size_t t, const double* logits) {
        kernels_.add_ranges(logits, expanded_.data() + t * tile, sums_.classes(),
                            variances_.data() + t * kTileRows,
                            padded_rows(members_.samples().rows_in(t)), &shifts_);
      },
      [&](std::size_t t, const double* p) {
        least = kernels_.least_ratio(p, inverses_.data() + t * tile, sums_.classes(),
                                     padded_rows(members_.samples().rows_in(t)), least);
      });
  decline_ = 1 / least;
  bound_shifts();
  sums_.helmert().from_classes(sums_.gradient().data(), sums_.classes(), gradient_.data());
  // Errors of logits weigh with the curvatures at the anchor.
  anchor_rounding_ = (1 + metric_.left_out()) * std::exp(shifts_.largest) * rounding_at(anchor_);
}

// Builds a base at the anchor. Curvatures there are compared to those in the base before, if there
// is one.
bool SoftmaxPath::build() {
  policy_.build();
  const std::size_t tile = sums_.classes() * kTileRows;
  double least = 1;
  std::fill(variances_.begin(), variances_.end(), 0.0);
  sums_.pass_with_hessian(
      anchor_, training_.penalty(),
      [&](std::size_t t, const double* logits) {
        std::copy_n(logits, tile, expanded_.data() + t * tile);
      },
      [&](std::size_t t, const double* p) {
        const std::size_t rows = members_.samples().rows_in(t);
        if (has_base_)
          least = kernels_.least_ratio(p, inverses_.data() + t * tile, sums_.classes(),
                                       padded_rows(rows), least);
        for (std::size_t i = 0; i < rows; ++i) {
          double likely = 0;
          for (std::size_t k = 0; k < sums_.classes(); ++k) {
            likely = std::max(likely, p[k * kTileRows + i]);
            inverses_[t * tile + k * kTileRows + i] = 1 / p[k * kTileRows + i];
          }
          const double variance = likely > 0.5 ? likely * (1 - likely + 8 * kRounding) : 0.25;
          variances_[t * kTileRows + i] = members_.weights()[t * kTileRows + i] * variance;
        }
      });
  empty_rows_after(members_.size() - 1);
  shifts_ = {.largest = kInfinite};
  decline_ = has_base_ ? 1 / least : kInfinite;
  bound_shifts();
  has_base_ = metric_.build(decline_);
  if (!has_base_) return false;
  is_rough_ = false;
  gradient_.assign(sums_.padded_dimension(), 0.0);
  step_.assign(sums_.padded_dimension(), 0.0);
  secants_.clear();
  is_solved_ = false;
  std::fill(class_step_.begin(), class_step_.end(), 0.0);
  sums_.helmert().from_classes(sums_.gradient().data(), sums_.classes(), gradient_.data());
  shifts_ = {};
  decline_ = 1;
  bound_shifts();
  anchor_rounding_ = std::exp(shifts_.largest) * rounding_at(anchor_);
  measure_noise();
  return true;
}

// What a rough pass makes of the gradient at the base, in the norm of H^-1.
void SoftmaxPath::measure_noise() {
  noise_ = kInfinite;
  if (!sums_.rough_pass(anchor_, training_.penalty())) return;
  before_.assign(gradient_.size(), 0.0);
  plain_.resize(gradient_.size());
  sums_.helmert().from_classes(sums_.gradient().data(), sums_.classes(), before_.data());
  kernels_.add_scaled(before_.data(), before_.size(), gradient_.data(), -1.0);
  metric_.multiply(before_, plain_);
  noise_ = std::sqrt(kernels_.dot(before_.data(), plain_.data(), before_.size()));
}

}  // namespace shapcpp
