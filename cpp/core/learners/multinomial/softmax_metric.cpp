#include "core/learners/multinomial/softmax_metric.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>

#include "core/learners/multinomial/own_loss.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

// Share of the inverse and the Hessian that rounding may take before they are built again.
constexpr double kMostDrift = 0.05;
constexpr double kMostRounding = 0.01;
// Share of the inverse that single precision may take.
constexpr double kMostNarrowed = 0.01;
// Updates between two measurements of the inverse. Norms in it only shrink, so that bounds hold.
constexpr int kMeasureEvery = 4;

}  // namespace

SoftmaxMetric::SoftmaxMetric(const Problem& problem, const Members& members, SoftmaxSums& sums,
                             const Context& context)
    : training_(problem.training()),
      members_(members),
      sums_(sums),
      checkpoint_(context.checkpoint),
      kernels_(context.kernels),
      matrix_(context.kernels),
      column_roots_(sums.columns()),
      x_(sums.stride()) {}

double SoftmaxMetric::bytes(const RunShape& s) {
  const double contrasts = s.classes() - 1;
  const double dimension = contrasts * s.columns();
  return ShrinkingMatrix::bytes(s.columns(), contrasts) +
         kNumberBytes * (dimension * dimension + (contrasts + 40) * dimension);
}

bool SoftmaxMetric::build(double growth) {
  if (dimension_ != sums_.dimension()) {
    dimension_ = sums_.dimension();
    stride_ = sums_.padded_dimension();
    inverter_.emplace(dimension_, stride_);
    diagonal_.assign(stride_, 0.0);
    products_.assign(sums_.contrasts() * stride_, 0.0);
    matrix_.resize(sums_.columns(), sums_.contrasts());
    leverage_size_ = 0;
  }
  const bool is_inverted = matrix_.write([&](AlignedVector& inverse) {
    sums_.write_hessian(training_.penalty(), inverse.data(), stride_);
    for (std::size_t j = 0; j < dimension_; ++j) diagonal_[j] = inverse[j * (stride_ + 1)];
    return inverter_->invert(inverse, checkpoint_);
  });
  if (!is_inverted) return false;
  const auto d = static_cast<double>(dimension_);
  updates_ = drift_ = narrowed_ = left_out_ = 0;
  charge((d * d * d + 20 * d) * kRounding);
  if (has_drifted()) return false;
  narrow();
  measure_inverse();
  // Curvatures, and with them H, have changed by a factor within `growth`.
  const double cheap = std::sqrt(2.0) * members_.largest_norm() * inverse_root_;
  leverage_ *= std::sqrt(growth);
  if (!(leverage_ <= cheap)) leverage_ = cheap;
  if (leverage_size_ * 2 < members_.size()) {
    leverage_ = largest_leverage();
    leverage_size_ = members_.size();
  }
  return true;
}

// Lemma 32. Where single precision would lose too much, products stay with double.
void SoftmaxMetric::narrow() {
  if (!ShrinkingMatrix::is_wide(dimension_)) return;
  const double lost = static_cast<double>(dimension_) * matrix_.narrow(diagonal_) * (1 + 1e-9);
  if (!(lost <= kMostNarrowed) || !(drift() + lost <= kMostDrift)) return;
  matrix_.use_single();
  charge_single(lost);
  bound_products(condition());
}

void SoftmaxMetric::charge_single(double share) {
  narrowed_ += share;
  drift_ += share;
}

double SoftmaxMetric::condition() const {
  double sum = 0;
  for (std::size_t j = 0; j < dimension_; ++j)
    sum += diagonal_[j] * std::max(matrix_.diagonal()[j], 0.0);
  return std::max(sum, static_cast<double>(dimension_));
}

// Lemma 23: `share` is the rounding of entry (j, l) of the inverse, relative to the root of the
// product of the two entries on the diagonal, without its factor for norms.
void SoftmaxMetric::charge(double share) {
  const double scaled = condition();
  drift_ += share * scaled;
  hessian_rounding_ = sums_.hessian_rounding(scaled) +
                      2 * updates_ * kRounding * static_cast<double>(dimension_) * scaled;
  bound_products(scaled);
}

void SoftmaxMetric::bound_products(double scaled) {
  const auto d = static_cast<double>(dimension_);
  const auto waiting = static_cast<double>(matrix_.waiting() + sums_.contrasts());
  product_rounding_ = matrix_.is_single() ? (2 * d + waiting + 8) * d * kRounding * scaled : 0;
}

bool SoftmaxMetric::has_drifted() const {
  return matrix_.is_full() || !(drift() <= kMostDrift) || !(hessian_rounding_ <= kMostRounding);
}

// The largest sum of a row bounds the largest eigenvalue, and so does the trace.
void SoftmaxMetric::measure_inverse() {
  largest_row_sum_ = kernels_.largest_row_sum(matrix_.written().data(), dimension_, stride_);
  measure_blocks();
}

// The trace of a column's block bounds the largest eigenvalue of that. Blocks and the whole have
// only shrunk since the base.
void SoftmaxMetric::measure_blocks() {
  unmeasured_ = 0;
  double whole = 0;
  for (std::size_t j = 0; j < sums_.columns(); ++j) {
    double trace = 0;
    for (std::size_t row = j; row < dimension_; row += sums_.columns())
      trace += std::max(matrix_.diagonal()[row], 0.0);
    column_roots_[j] = (1 + drift()) * std::sqrt(trace);
    whole += trace;
  }
  inverse_root_ = (1 + drift()) * std::sqrt(std::min(whole, largest_row_sum_));
}

void SoftmaxMetric::measure(std::size_t i) {
  const auto sample = training_.sample(i);
  std::copy(sample.begin(), sample.end(), x_.begin());
  matrix_.multiply_blocks(x_, products_);
  set_gram(x_);
}

void SoftmaxMetric::set_gram(const AlignedVector& x) {
  const std::size_t columns = sums_.columns();
  const std::size_t contrasts = sums_.contrasts();
  const auto m = static_cast<Eigen::Index>(contrasts);
  gram_.resize(m, m);
  for (std::size_t j = 0; j < contrasts; ++j)
    for (std::size_t l = 0; l <= j; ++l) {
      const double* product = products_.data() + j * stride_ + l * columns;
      double sum = 0;
      for (std::size_t p = 0; p < columns; ++p) sum += product[p] * x[p];
      gram_(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(l)) =
          gram_(static_cast<Eigen::Index>(l), static_cast<Eigen::Index>(j)) = sum;
    }
}

void SoftmaxMetric::subtract_product(const Eigen::VectorXd& factors, AlignedVector& vector) const {
  for (std::size_t j = 0; j < sums_.contrasts(); ++j)
    kernels_.add_scaled(vector.data(), stride_, products_.data() + j * stride_,
                        -factors[static_cast<Eigen::Index>(j)]);
}

// With M = R R' the curvature, H^-1 loses B R (I + R'GR)^-1 R' B', B = H^-1 X' and G = X B. The
// last columns of R are left out as long as `spare` allows (Lemma 34).
void SoftmaxMetric::absorb(const Eigen::VectorXd& probabilities, double weight, double spare) {
  const std::size_t contrasts = sums_.contrasts();
  const Eigen::MatrixXd all = std::sqrt(weight) * covariance_root(sums_.helmert(), probabilities);
  const Eigen::VectorXd variances = all.rowwise().squaredNorm();
  const Eigen::MatrixXd seen_by_all = gram_ * all;
  Eigen::Index kept = all.cols();
  double lost = 0;
  while (spare > 0 && kept > 1) {
    const double trace = lost + std::max(all.col(kept - 1).dot(seen_by_all.col(kept - 1)), 0.0);
    if (!(trace <= spare)) break;
    lost = trace;
    --kept;
  }
  left_out_root_ = all.rightCols(all.cols() - kept);
  const auto root = all.leftCols(kept);
  const Eigen::MatrixXd added = root.transpose() * seen_by_all.leftCols(kept);
  const Eigen::LLT<Eigen::MatrixXd> growth(Eigen::MatrixXd::Identity(kept, kept) + added);
  const Eigen::MatrixXd half = growth.matrixL().solve(root.transpose());
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> turned = -half;
  const auto count = static_cast<std::size_t>(kept);
  kernels_.subtract_product(matrix_.next_rows(count), count, stride_, stride_, turned.data(),
                            products_.data(), contrasts);
  // The sizes of the terms of B and G, before the inverse shrinks (Lemma 23).
  double size = 0;
  for (std::size_t j = 0; j < contrasts; ++j) {
    double terms = 0;
    for (std::size_t p = 0; p < sums_.columns(); ++p) {
      const std::size_t row = j * sums_.columns() + p;
      terms += std::abs(x_[p]) * std::sqrt(std::max(matrix_.diagonal()[row], 0.0));
      diagonal_[row] += variances[static_cast<Eigen::Index>(j)] * x_[p] * x_[p];
    }
    size += terms * std::sqrt(variances[static_cast<Eigen::Index>(j)]);
  }
  if (left_out_root_.cols() > 0)
    left_out_ += lost * (1 + drift()) +
                 4 * static_cast<double>(contrasts + sums_.columns()) * kRounding * size * size;
  ++updates_;
  const auto d = static_cast<double>(dimension_);
  const auto c = static_cast<double>(sums_.columns());
  const auto K = static_cast<double>(sums_.classes());
  const auto waiting = static_cast<double>(matrix_.waiting());
  const double terms = (matrix_.is_single() ? 8 * c + 4 * waiting : 4 * c) + 8 * K * K + 60;
  charge(terms * d * kRounding * (1 + size * size));
  take_off(added.trace());
  const Eigen::MatrixXd seen = half * gram_;
  own_leverage_ = (1 + drift()) * pair_leverage(gram_ - seen.transpose() * seen);
  leverage_ = std::max(leverage_, own_leverage_);
}

// Lemma 32; `largest` bounds the eigenvalues of what the sample adds, relative to
// the inverse that is kept.
void SoftmaxMetric::take_off(double largest) {
  const double root = std::sqrt(static_cast<double>(dimension_));
  const double lost = root * matrix_.take_off(diagonal_);
  const double in_terms_of_H = std::max(largest, 0.0) * (1 + drift());
  charge_single((2 * std::sqrt(in_terms_of_H) + lost) * lost * (1 + 1e-9));
  if (!matrix_.is_single() && ++unmeasured_ == kMeasureEvery) measure_blocks();
}

double SoftmaxMetric::pair_leverage(const Eigen::MatrixXd& gram) const {
  const Eigen::MatrixXd seen = sums_.helmert().form_of_classes(gram);
  double most = 0;
  for (Eigen::Index a = 0; a < seen.rows(); ++a)
    for (Eigen::Index b = 0; b < a; ++b)
      most = std::max(most, seen(a, a) + seen(b, b) - seen(a, b) - seen(b, a));
  return with_rotation(std::sqrt(most));
}

double SoftmaxMetric::with_rotation(double leverage) const {
  return leverage + std::sqrt(2.0) * sums_.rotation().of_leverage(members_.largest_norm());
}

// Tile by tile: the Gram matrices of its samples in the inverse, seen from the classes.
double SoftmaxMetric::largest_leverage() {
  const std::size_t columns = sums_.columns();
  const std::size_t contrasts = sums_.contrasts();
  const SampleTiles& samples = members_.samples();
  AlignedVector products(columns * kTileRows);
  AlignedVector grams(contrasts * contrasts * kTileRows);
  double most = 0;
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    checkpoint_();
    const std::size_t rows = padded_rows(samples.rows_in(t));
    std::fill(grams.begin(), grams.end(), 0.0);
    for (std::size_t j = 0; j < contrasts; ++j)
      for (std::size_t l = 0; l <= j; ++l) {
        kernels_.logits(samples.tile(t), columns,
                        matrix_.written().data() + j * columns * stride_ + l * columns, columns,
                        stride_, rows, products.data());
        double* gram = grams.data() + (j * contrasts + l) * kTileRows;
        for (std::size_t p = 0; p < columns; ++p) {
          const double* column = samples.tile(t) + p * kernels::kTileStride;
          for (std::size_t i = 0; i < rows; ++i) gram[i] += column[i] * products[p * kTileRows + i];
        }
      }
    for (std::size_t a = 1; a < sums_.classes(); ++a)
      for (std::size_t b = 0; b < a; ++b) most = std::max(most, largest_square(a, b, grams, rows));
  }
  return (1 + drift()) * with_rotation(std::sqrt(most));
}

// Of the pair of classes, over the rows of a tile with these Gram matrices.
double SoftmaxMetric::largest_square(std::size_t a, std::size_t b, const AlignedVector& grams,
                                     std::size_t rows) const {
  std::array<double, kTileRows> squares{};
  const auto [first, end] = Contrasts::between(a, b);
  for (std::size_t j = first; j < end; ++j) {
    const double own = sums_.helmert().of(a, j) - sums_.helmert().of(b, j);
    for (std::size_t l = first; l <= j; ++l) {
      const double factor =
          (l < j ? 2 : 1) * own * (sums_.helmert().of(a, l) - sums_.helmert().of(b, l));
      const double* gram = grams.data() + (j * sums_.contrasts() + l) * kTileRows;
      for (std::size_t i = 0; i < rows; ++i) squares[i] += factor * gram[i];
    }
  }
  return *std::max_element(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(rows));
}

}  // namespace shapcpp
