#include "core/learners/ridge/ridge_classifier.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/learners/convergence_error.hpp"
#include "core/learners/sums.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

using kernels::kTileRows;

// The largest drift of the inverse before it is built again, and right after it was built. Steps
// and norms with an inverse that is off by a third are as good as others; only bounds are wider.
constexpr double kMostDrift = 0.3;
constexpr double kMostDriftOfBuild = 0.1;
constexpr int kMostSteps = 20;

}  // namespace

RidgeClassifier::RidgeClassifier(const Problem& problem, const Context& context)
    : training_(problem.training()),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      dot_rounding_((static_cast<double>(columns_) + 5) * kRounding),
      rotation_(problem),
      members_(training_, problem.n_classes()),
      regressions_(problem.n_classes()),
      weights_(checked_product(problem.n_classes(), stride_, "weights")),
      margins_(problem.n_classes()),
      squares_(problem.n_classes()),
      terms_(problem.n_classes()),
      hessian_(checked_product(columns_, stride_, "the Hessian")),
      inverse_(hessian_.size()),
      inverter_(columns_, stride_),
      x_(stride_),
      step_{.direction = AlignedVector(stride_),
            .lengths = std::vector<double>(problem.n_classes())},
      left_(stride_),
      squares_of_x_(stride_),
      hessian_roots_(stride_),
      inverse_diagonal_(stride_),
      scores_(*this),
      exact_(problem.n_classes()),
      sums_(problem.n_classes()) {}

double RidgeClassifier::bytes(const RunShape& s) {
  return Members::bytes(s) +
         kNumberBytes * (s.classes() * s.columns() + 5 * s.columns() * s.columns());
}

void RidgeClassifier::clear() {
  members_.clear();
  std::fill(weights_.begin(), weights_.end(), 0.0);
  has_inverse_ = false;
  move_otherwise();
}

void RidgeClassifier::join(std::size_t i) {
  members_.add(i);
  is_corrected_ = false;
  if (!has_inverse_) return;
  absorb(i);
  measure_diagonals();
  measure();
  if (drift_ > kMostDrift) has_inverse_ = false;
}

RidgeClassifier::Joining RidgeClassifier::look_at(std::size_t i) {
  const auto d = static_cast<double>(columns_);
  AlignedVector& v = step_.direction;
  std::copy_n(training_.sample(i).begin(), columns_, x_.begin());
  multiply(inverse_, x_, v);
  multiply(hessian_, v, left_);
  kernels_.add_scaled(left_.data(), stride_, x_.data(), -1.0);
  Joining joining{};
  joining.weight = training_.weight_of(i);
  joining.norm = std::sqrt(kernels_.dot(x_.data(), x_.data(), stride_));
  joining.leverage = std::max(kernels_.dot(x_.data(), v.data(), stride_), 0.0);
  kernels_.sizes(v.data(), 1, stride_, hessian_roots_.data(), &joining.length, &joining.along);
  joining.length = std::sqrt(joining.length);
  joining.left = std::sqrt(kernels_.dot(left_.data(), left_.data(), stride_)) * inverse_root_ +
                 (hessian_rounding_ + 3 * (d + 4) * kRounding) * joining.along * spread_;
  joining.growth = 1 + joining.weight * joining.leverage;
  for (std::size_t j = 0; j < columns_; ++j) squares_of_x_[j] = x_[j] * x_[j];
  joining.condition = condition_ + joining.weight * kernels_.dot(squares_of_x_.data(),
                                                                 inverse_diagonal_.data(), stride_);
  joining.share = std::sqrt(joining.leverage / joining.growth) * (1 + drift_);
  return joining;
}

// Updates the inverse and the weights by rank one, and bounds the rounding of the gradients (Lemma
// 15).
void RidgeClassifier::absorb(std::size_t i) {
  const Joining joining = look_at(i);
  kernels_.products(weights_.data(), regressions_.size(), stride_, x_.data(), margins_.data());
  for (std::size_t k = 0; k < regressions_.size(); ++k)
    step_.lengths[k] = members_.class_size(k) == 0
                           ? 0
                           : step_of(regressions_[k], margins_[k],
                                     training_.class_of(i) == k ? 1.0 : 0.0, joining);
  kernels_.move(weights_.data(), regressions_.size(), stride_, step_.direction.data(),
                step_.lengths.data());
  ++step_.number;
  kernels_.add_outer_lower(hessian_.data(), stride_, columns_, x_.data(), joining.weight);
  ++updates_;
  charge_drift(joining.condition, joining.growth);
  kernels_.add_outer_lower(inverse_.data(), stride_, columns_, step_.direction.data(),
                           -joining.weight / joining.growth);
}

double RidgeClassifier::step_of(Regression& regression, double margin, double target,
                                const Joining& joining) const {
  const double a = joining.weight;
  const double step = a * (target - margin) / joining.growth;
  const double unbalanced = a * (dot_rounding_ * joining.norm * regression.length +
                                 2 * kRounding * (std::abs(margin) + 1)) +
                            std::abs(step) * (a * dot_rounding_ * joining.norm * joining.length +
                                              8 * kRounding * joining.growth);
  regression.left +=
      unbalanced * joining.share + std::abs(step) * (joining.left + 2 * kRounding * joining.along);
  regression.unmeasured += 2 * kRounding;
  return step;
}

// Lemma 12. `condition` is the sum of H_jj (H^-1)_jj, with the sample in H alone.
void RidgeClassifier::charge_drift(double condition, double growth) {
  const auto d = static_cast<double>(columns_);
  drift_ += (d * d * d + 20 * d) * kRounding * std::max(condition, d) * growth;
}

// From the largest sum of absolute numbers in a row. The inverse only shrinks as samples join, so
// that a bound stays one.
void RidgeClassifier::bound_inverse() {
  bounded_at_ = members_.size();
  AlignedVector& sums = left_;
  const AlignedVector ones(stride_, 1.0);
  for (std::size_t j = 0; j < columns_; ++j) {
    const double* row = inverse_.data() + j * stride_;
    for (std::size_t l = 0; l < j; ++l) sums[l] += std::abs(row[l]);
    sums[j] = kernels_.absolute_dot(row, ones.data(), stride_);
  }
  inverse_root_ = (1 + drift_) * std::sqrt(*std::max_element(sums.begin(), sums.end()));
}

void RidgeClassifier::measure_diagonals() {
  condition_ = trace_ = 0;
  for (std::size_t j = 0; j < columns_; ++j) {
    const double diagonal = hessian_[j * (stride_ + 1)];
    hessian_roots_[j] = std::sqrt(diagonal);
    inverse_diagonal_[j] = std::max(inverse_[j * (stride_ + 1)], 0.0);
    condition_ += diagonal * inverse_diagonal_[j];
    trace_ += diagonal;
  }
}

// The sizes of all regressions for the current members.
void RidgeClassifier::measure() {
  // Cauchy-Schwarz
  spread_ = (1 + drift_) * std::sqrt(static_cast<double>(columns_) * condition_) * (1 + 1e-6);
  if (4 * members_.size() >= 5 * bounded_at_) bound_inverse();
  hessian_rounding_ = sum_rounding(members_.size()) + 2 * updates_ * kRounding;
  kernels_.sizes(weights_.data(), regressions_.size(), stride_, hessian_roots_.data(),
                 squares_.data(), terms_.data());
  for (std::size_t k = 0; k < regressions_.size(); ++k)
    if (members_.class_size(k) > 0) measure(k, squares_[k], terms_[k]);
}

// Residuals squared, weighted, and the penalty add up to no more than they do without weights: to
// the weight of the class. That bounds all terms of the gradient (Lemma 15).
void RidgeClassifier::measure(std::size_t k, double square, double terms) {
  Regression& regression = regressions_[k];
  const double root = std::sqrt(members_.class_weight(k));
  const double mass = members_.largest_norm() * std::sqrt(members_.total_weight()) * root;
  regression.length = std::sqrt(square);
  const double rounding =
      dot_rounding_ * terms +
      (sum_rounding(members_.size()) * spread_ + 2 * kRounding) * root * (1 + 1e-3) +
      rotation_.of_gradient(mass, regression.length, trace_);
  regression.left += regression.unmeasured * terms;
  regression.unmeasured = 0;
  regression.rounding = rounding;
  regression.radius = regression.left + rounding;
  regression.floor = kTieWidth * rounding;
  regression.margin_rounding = rotation_.of_margin(mass, regression.length, regression.radius);
  exact_[k].clear();
  sums_[k].clear();
}

const SteppedScores& RidgeClassifier::estimate() {
  return scores_;
}

bool RidgeClassifier::refine(const OpenPairs& open) {
  if (is_corrected_) return false;
  is_corrected_ = true;
  move_otherwise();
  for (std::size_t k = 0; k < regressions_.size(); ++k)
    if (members_.class_size(k) > 0 && open.involve(k)) correct(k);
  return true;
}

const FittedScores& RidgeClassifier::fit(const OpenPairs&) {
  ++statistics_.fits;
  move_otherwise();
  build();
  for (std::size_t k = 0; k < regressions_.size(); ++k) {
    if (members_.class_size(k) == 0) {
      std::fill_n(weights(k), stride_, 0.0);
      regressions_[k].left = regressions_[k].unmeasured = 0;
      continue;
    }
    Regression& regression = regressions_[k];
    double before = std::numeric_limits<double>::infinity();
    for (int step = 0; step < kMostSteps; ++step) {
      correct(k);
      // Stop once a step leaves about as much as rounding, or more than half of the last remainder.
      if (regression.left <= 1.5 * regression.rounding || !(regression.left < before / 2)) break;
      before = regression.left;
    }
    if (!std::isfinite(regression.radius)) fail();
  }
  is_corrected_ = true;
  feature_reach_ = feature_reach(members_);
  return scores_;
}

void RidgeClassifier::fail() const {
  throw ConvergenceError(
      "the fit of a coalition of " + std::to_string(members_.size()) +
      " samples missed its tolerance: C times the squared size of the features is too "
      "large for double precision; lower C or standardise the features (scale=\"standard\", "
      "--scale standard)");
}

// Builds the Hessian and its inverse, by a pass over the members.
void RidgeClassifier::build() {
  ++statistics_.passes;
  ++statistics_.hessian_builds;
  std::vector<double> lower(columns_ * columns_);
  AlignedVector scratch(4 * kernels::kTileStride);
  const SampleTiles& samples = members_.samples();
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    checkpoint_();
    kernels_.add_hessian(samples.tile(t), columns_, members_.weights() + t * kTileRows,
                         padded_rows(samples.rows_in(t)), lower.data(), scratch.data());
  }
  for (std::size_t j = 0; j < columns_; ++j) {
    for (std::size_t l = 0; l <= j; ++l) hessian_[j * stride_ + l] = lower[j * columns_ + l];
    hessian_[j * (stride_ + 1)] += training_.penalty()[static_cast<Eigen::Index>(j)];
  }
  inverse_ = hessian_;
  for (std::size_t j = 0; j < columns_; ++j)
    for (std::size_t l = 0; l < j; ++l) inverse_[l * stride_ + j] = inverse_[j * stride_ + l];
  if (!inverter_.invert(inverse_, checkpoint_)) fail();
  // Elimination leaves errors that are opposite on both sides of the diagonal: neither side by
  // itself multiplies as well as both together.
  for (std::size_t j = 0; j < columns_; ++j)
    for (std::size_t l = 0; l < j; ++l) {
      double& above = inverse_[l * stride_ + j];
      inverse_[j * stride_ + l] = (inverse_[j * stride_ + l] + above) / 2;
      above = 0;
    }
  bounded_at_ = 0;
  updates_ = 0;
  drift_ = 0;
  measure_diagonals();
  charge_drift(condition_, 1);
  if (!(drift_ < kMostDriftOfBuild)) fail();
  measure();
  has_inverse_ = true;
}

// Computes the gradient of class k anew and steps to its zero.
void RidgeClassifier::correct(std::size_t k) {
  ++statistics_.passes;
  Regression& regression = regressions_[k];
  double* const own = weights(k);
  AlignedVector gradient(stride_);
  AlignedVector magnitude(stride_);
  AlignedVector residuals(kTileRows);
  const SampleTiles& samples = members_.samples();
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    checkpoint_();
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(samples.rows_in(t));
    kernels_.margins(samples.tile(t), columns_, own, rows, residuals.data());
    for (std::size_t i = 0; i < rows; ++i) {
      const bool is_member = first + i < members_.size();
      const double target = is_member && members_.class_of(first + i) == k ? 1.0 : 0.0;
      residuals[i] = members_.weights()[first + i] * (residuals[i] - target);
    }
    kernels_.add_gradient(samples.tile(t), columns_, residuals.data(), rows, gradient.data(),
                          magnitude.data());
  }
  for (std::size_t j = 0; j < columns_; ++j)
    gradient[j] += training_.penalty()[static_cast<Eigen::Index>(j)] * own[j];
  AlignedVector step(stride_);
  multiply(inverse_, gradient, step);
  const double square = kernels_.dot(gradient.data(), step.data(), stride_);
  const double norm = (1 + drift_) * std::sqrt(std::max(square, 0.0));
  // The terms of this gradient, unlike those at the optimum, may be large.
  double rounding = 0;
  for (std::size_t j = 0; j < columns_; ++j)
    rounding += magnitude[j] * std::sqrt(inverse_diagonal_[j]);
  rounding = sum_rounding(members_.size()) * (1 + drift_) * rounding +
             dot_rounding_ * coordinate_length(own);
  const double before = coordinate_length(own);
  kernels_.add_scaled(own, stride_, step.data(), -1.0);
  const double terms = coordinate_length(own);
  regression.left = rounding + 2 * drift_ * norm + 4 * kRounding * (before + terms);
  measure(k, kernels_.dot(own, own, stride_), terms);
}

const std::vector<DoubleDouble>& RidgeClassifier::exact(std::size_t k) const {
  if (exact_[k].empty())
    exact_[k] = refine_ridge(members_, k, {weights(k), columns_}, inverse_, regressions_[k].radius,
                             checkpoint_);
  return exact_[k];
}

}  // namespace shapcpp
