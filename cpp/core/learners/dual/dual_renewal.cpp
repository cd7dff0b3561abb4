// Members whose curvatures have changed much since a dual inverse took them.
#include <algorithm>
#include <cmath>

#include "core/learners/dual/dual_inverse.hpp"

namespace shapcpp {
namespace {

// At most one member for this many at a time: among few members a renewal costs as much as a few
// products.
constexpr std::size_t kMembersPerRenewal = 64;
// One that changes H by no more than this factor is left as it is.
constexpr double kLeastChange = 1.4;
// The share of a member in its own margin is known to the rounding of M: below this it is left.
constexpr double kLeastShare = 1e-3;
// Curvatures in S and in its scales differ by at most this factor, and so do old and new ones.
constexpr double kMostChange = 1e4;

double as_factor(double ratio) {
  return std::max(ratio, 1 / ratio);
}

}  // namespace

// A member of which H explains the share h of its margin's variance, and whose curvature is now rho
// times what it was, changes H by at most the factor 1 + (rho - 1) h, along one vector.
template <class Real>
void DualInverse::choose_renewals(const DualMatrix<Real>& matrix, const AlignedVector& curvatures) {
  renewals_.clear();
  for (std::size_t i = 0; i < size_; ++i) {
    const double ratio = curvatures[i] * inverse_curvatures_[i];
    if (!(as_factor(ratio) > kLeastChange && as_factor(ratio) < kMostChange)) continue;
    const double square = roots_[i] * roots_[i];
    if (!(as_factor(curvatures[i] / square) < kMostChange)) continue;
    const double share = 1 - matrix.on_diagonal(i) * square * inverse_curvatures_[i];
    const double change = as_factor(1 + (ratio - 1) * share);
    if (share > kLeastShare && change > kLeastChange) renewals_.push_back({i, change});
  }
  const auto most = renewals_.begin() + static_cast<std::ptrdiff_t>(
                                            std::min(size_ / kMembersPerRenewal, renewals_.size()));
  std::partial_sort(renewals_.begin(), most, renewals_.end(),
                    [](const Renewal& a, const Renewal& b) { return a.change > b.change; });
  renewals_.erase(most, renewals_.end());
}

void DualInverse::renew(const AlignedVector& curvatures) {
  std::visit(
      [&](auto& matrix) {
        choose_renewals(matrix, curvatures);
        if (!renewals_.empty()) renew(matrix, curvatures);
      },
      matrix_);
}

template <class Real>
void DualInverse::renew(DualMatrix<Real>& matrix, const AlignedVector& curvatures) {
  columns_.resize(renewals_.size() * matrix.pitch());
  for (std::size_t r = 0; r < renewals_.size(); ++r)
    matrix.take_column(renewals_[r].member, columns_.data() + r * matrix.pitch());
  for (std::size_t r = 0; r < renewals_.size(); ++r)
    renew(matrix, r, curvatures[renewals_[r].member]);
}

// With delta added to its number in D, a member with the column s of S makes S into
// S - delta / (1 + delta S_ii) s s'.
template <class Real>
void DualInverse::renew(DualMatrix<Real>& matrix, std::size_t which, double curvature) {
  const std::size_t i = renewals_[which].member;
  double* own = columns_.data() + which * matrix.pitch();
  const double square = own[i] * roots_[i] * roots_[i];  // S_ii
  const double change = 1 / curvature - inverse_curvatures_[i];
  const double factor = -change / (1 + change * square);
  const double one = ones_[i];
  for (std::size_t j = 0; j < size_; ++j) ones_[j] += factor * one * roots_[i] * roots_[j] * own[j];
  sum_ += factor * one * one;
  inverse_curvatures_[i] = 1 / curvature;

  const double of_matrix = factor * roots_[i] * roots_[i];
  matrix.add(own, of_matrix);
  for (std::size_t r = which + 1; r < renewals_.size(); ++r) {
    double* other = columns_.data() + r * matrix.pitch();
    kernels_.add_scaled(other, padded_columns(size_), own, of_matrix * own[renewals_[r].member]);
  }
}

}  // namespace shapcpp
