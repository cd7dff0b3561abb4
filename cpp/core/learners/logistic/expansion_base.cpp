// How an expansion gets a base: one pass over the members computes all sums kept there.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "core/learners/logistic/expansion.hpp"

namespace shapcpp {

using kernels::kTileRows;

bool Expansion::build(const AlignedVector& weights, double growth, bool with_third) {
  has_base_ = false;
  has_third_ = with_third;
  ++statistics_.passes;
  ++statistics_.hessian_builds;
  std::copy(weights.begin(), weights.end(), base_.begin());
  base_length_ = std::sqrt(kernels_.dot(base_.data(), base_.data(), stride_));
  pass();
  const bool inverted = inverse_.build([&](AlignedVector& inverse) {
    inverse = hessian_.settled();
    return inverter_.invert(inverse, checkpoint_);
  });
  if (!inverted) return false;
  updates_ = 0;
  std::fill_n(offsets_.begin(), members_.size(), 0.0f);
  largest_offset_ = offset_squares_ = 0;
  inverse_drift_ = 0;
  charge_rounding(1);
  measure_inverse();
  measure_spread();
  if (has_drifted()) return false;
  // Curvatures, and with them H, have changed by a factor within `growth`.
  leverage_ *= std::sqrt(growth);
  if (!(leverage_ <= members_.largest_norm() * inverse_root_))
    leverage_ = members_.largest_norm() * inverse_root_;
  if (leverage_size_ * 2 < members_.size()) {
    leverage_ = largest_leverage();
    leverage_size_ = members_.size();
  }
  gradient_length_ = std::sqrt(kernels_.dot(gradient_.data(), gradient_.data(), stride_));
  gradient_rounding_ = rounding_of_gradient(base_);
  return has_base_ = true;
}

// Adds the gradient over tile t; leaves its residuals and curvatures.
void Expansion::add_tile(std::size_t t, const AlignedVector& weights, AlignedVector& gradient) {
  checkpoint_();
  const std::size_t first = t * kTileRows;
  const std::size_t rows = padded_rows(members_.samples().rows_in(t));
  const double* tile = members_.samples().tile(t);
  kernels_.margins(tile, columns_, weights.data(), rows, margins_.data());
  kernels_.logistic(margins_.data(), members_.signs() + first, members_.weights() + first, rows,
                    residuals_.data(), tile_curvatures_.data());
  kernels_.add_gradient(tile, columns_, residuals_.data(), rows, gradient.data(),
                        magnitude_.data());
}

void Expansion::add_penalty(const AlignedVector& weights, AlignedVector& gradient) const {
  for (std::size_t j = 0; j < columns_; ++j)
    gradient[j] += training_.penalty()[static_cast<Eigen::Index>(j)] * weights[j];
}

// Gradient, Hessian and everything else that is kept at the base.
void Expansion::pass() {
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  std::vector<double> lower(columns_ * columns_);
  if (has_third_) third_.clear();
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    add_tile(t, base_, gradient_);
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    const double* tile = members_.samples().tile(t);
    kernels_.add_hessian(tile, columns_, tile_curvatures_.data(), rows, lower.data(),
                         scratch_.data());
    kernels_.expand(residuals_.data(), tile_curvatures_.data(), members_.signs() + first,
                    members_.weights() + first, rows, probabilities_.data() + first,
                    curvatures_.data() + first, thirds_.data());
    if (has_third_) third_.add(members_.singles().tile(t), thirds_.data(), rows);
  }
  if (has_third_) third_.complete();
  add_penalty(base_, gradient_);
  hessian_.build([&](AlignedVector& hessian) {
    for (std::size_t j = 0; j < columns_; ++j) {
      for (std::size_t l = 0; l <= j; ++l)
        hessian[j * stride_ + l] = hessian[l * stride_ + j] = lower[j * columns_ + l];
      hessian[j * (stride_ + 1)] += training_.penalty()[static_cast<Eigen::Index>(j)];
    }
    return true;
  });
}

}  // namespace shapcpp
