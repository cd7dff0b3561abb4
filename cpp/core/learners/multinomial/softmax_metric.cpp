#include "core/learners/multinomial/softmax_metric.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "core/learners/multinomial/own_loss.hpp"

namespace shapcpp {

using kernels::kTileRows;

namespace {

// Share of the inverse and the Hessian that rounding may take before they are built again.
constexpr double kMostDrift = 0.05;
constexpr double kMostRounding = 0.01;
// Updates between two measurements of the inverse. Norms in it only shrink, so that bounds hold.
constexpr int kMeasureEvery = 4;

// A lower triangular root of a matrix that need not be definite: what is not is dropped, which
// leaves a little less than the matrix.
Eigen::MatrixXd root_of(const Eigen::MatrixXd& matrix) {
  const Eigen::Index m = matrix.rows();
  Eigen::MatrixXd root = Eigen::MatrixXd::Zero(m, m);
  for (Eigen::Index j = 0; j < m; ++j) {
    const double left = matrix(j, j) - root.row(j).head(j).squaredNorm();
    if (!(left > static_cast<double>(4 * m) * kRounding * matrix(j, j))) continue;
    root(j, j) = std::sqrt(left);
    for (Eigen::Index i = j + 1; i < m; ++i)
      root(i, j) = (matrix(i, j) - root.row(i).head(j).dot(root.row(j).head(j))) / root(j, j);
  }
  return root;
}

}  // namespace

SoftmaxMetric::SoftmaxMetric(const Problem& problem, const Members& members,
                             const SoftmaxSums& sums, const Context& context)
    : training_(problem.training()),
      members_(members),
      sums_(sums),
      checkpoint_(context.checkpoint),
      kernels_(context.kernels),
      column_roots_(sums.columns()),
      x_(sums.stride()),
      turned_(sums.stride()) {}

double SoftmaxMetric::bytes(const RunShape& s) {
  const double contrasts = s.classes() - 1;
  const double dimension = contrasts * s.columns();
  return kNumberBytes * (2 * dimension * dimension + (3 * contrasts + 40) * dimension);
}

bool SoftmaxMetric::build(double growth) {
  if (dimension_ != sums_.dimension()) {
    dimension_ = sums_.dimension();
    stride_ = sums_.padded_dimension();
    inverter_.emplace(dimension_, stride_);
    diagonal_.assign(stride_, 0.0);
    products_.assign(sums_.contrasts() * stride_, 0.0);
    halves_.assign(products_.size(), 0.0);
    factors_.assign(products_.size(), 0.0);
    leverage_size_ = 0;
  }
  // Blocks on the diagonal are read in rows of the stride, which end beyond the matrix.
  inverse_.assign(checked_product(dimension_ + 1, stride_, "the Hessian"), 0.0);
  sums_.write_hessian(training_.penalty(), inverse_.data(), stride_);
  for (std::size_t j = 0; j < dimension_; ++j) diagonal_[j] = inverse_[j * (stride_ + 1)];
  if (!inverter_->invert(inverse_, checkpoint_)) return false;
  const auto d = static_cast<double>(dimension_);
  updates_ = drift_ = 0;
  charge((d * d * d + 20 * d) * kRounding);
  if (has_drifted()) return false;
  measure_inverse();
  // Curvatures, and with them H, have changed by a factor within `growth`.
  const double cheap = std::sqrt(2.0) * members_.largest_norm() * inverse_root_;
  leverage_ *= std::sqrt(growth);
  if (!(leverage_ <= cheap)) leverage_ = cheap;
  if (leverage_size_ * 5 < members_.size() * 4) {
    leverage_ = largest_leverage();
    leverage_size_ = members_.size();
  }
  return true;
}

double SoftmaxMetric::condition() const {
  double sum = 0;
  for (std::size_t j = 0; j < dimension_; ++j)
    sum += diagonal_[j] * std::max(inverse_[j * (stride_ + 1)], 0.0);
  return std::max(sum, static_cast<double>(dimension_));
}

// Lemma 23: `share` is the rounding of entry (j, l) of the inverse, relative to the root of the
// product of the two entries on the diagonal, without its factor for norms.
void SoftmaxMetric::charge(double share) {
  const double scaled = condition();
  drift_ += share * scaled;
  hessian_rounding_ = sums_.hessian_rounding(scaled) +
                      2 * updates_ * kRounding * static_cast<double>(dimension_) * scaled;
}

bool SoftmaxMetric::has_drifted() const {
  return !(drift_ <= kMostDrift) || !(hessian_rounding_ <= kMostRounding);
}

// The largest sum of a row bounds the largest eigenvalue; the trace of a column's block, that of
// the block.
void SoftmaxMetric::measure_inverse() {
  unmeasured_ = 0;
  inverse_root_ =
      (1 + drift_) * std::sqrt(kernels_.largest_row_sum(inverse_.data(), dimension_, stride_));
  for (std::size_t j = 0; j < sums_.columns(); ++j) {
    double trace = 0;
    for (std::size_t row = j; row < dimension_; row += sums_.columns())
      trace += std::max(inverse_[row * (stride_ + 1)], 0.0);
    column_roots_[j] = (1 + drift_) * std::sqrt(trace);
  }
}

void SoftmaxMetric::multiply(const AlignedVector& vector, AlignedVector& product) const {
  kernels_.multiply(inverse_.data(), dimension_, stride_, vector.data(), product.data());
}

void SoftmaxMetric::measure(std::size_t i) {
  const auto sample = training_.sample(i);
  std::copy(sample.begin(), sample.end(), x_.begin());
  set_products(x_);
}

// Row by row of the inverse, which is symmetric.
void SoftmaxMetric::set_products(const AlignedVector& x) {
  const std::size_t columns = sums_.columns();
  const std::size_t contrasts = sums_.contrasts();
  std::fill(products_.begin(), products_.end(), 0.0);
  turned_ = x;
  for (double& value : turned_) value = -value;
  for (std::size_t j = 0; j < contrasts; ++j)
    kernels_.subtract_product(products_.data() + j * stride_, 1, stride_, stride_, turned_.data(),
                              inverse_.data() + j * columns * stride_, columns);
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

// W'W v, with W the rows by which the inverse was last updated.
void SoftmaxMetric::subtract_update(const AlignedVector& vector, AlignedVector& product) const {
  for (std::size_t j = 0; j < sums_.contrasts(); ++j) {
    const double* half = halves_.data() + j * stride_;
    kernels_.add_scaled(product.data(), stride_, half, -kernels_.dot(half, vector.data(), stride_));
  }
}

void SoftmaxMetric::subtract_product(const Eigen::VectorXd& factors, AlignedVector& vector) const {
  for (std::size_t j = 0; j < sums_.contrasts(); ++j)
    kernels_.add_scaled(vector.data(), stride_, products_.data() + j * stride_,
                        -factors[static_cast<Eigen::Index>(j)]);
}

// With M = R R' the curvature, H^-1 loses B R (I + R'GR)^-1 R' B', B = H^-1 X' and G = X B.
void SoftmaxMetric::absorb(const Eigen::VectorXd& probabilities, double weight) {
  const std::size_t contrasts = sums_.contrasts();
  const auto m = static_cast<Eigen::Index>(contrasts);
  const Eigen::MatrixXd curvature = weight * covariances(sums_.helmert(), probabilities);
  const Eigen::MatrixXd root = root_of(curvature);
  const Eigen::LLT<Eigen::MatrixXd> growth(Eigen::MatrixXd::Identity(m, m) +
                                           root.transpose() * gram_ * root);
  const Eigen::MatrixXd half = growth.matrixL().solve(root.transpose());
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> turned = -half;
  std::fill(halves_.begin(), halves_.end(), 0.0);
  kernels_.subtract_product(halves_.data(), contrasts, stride_, stride_, turned.data(),
                            products_.data(), contrasts);
  for (std::size_t row = 0; row < dimension_; ++row)
    for (std::size_t j = 0; j < contrasts; ++j)
      factors_[row * contrasts + j] = halves_[j * stride_ + row];
  // The sizes of the terms of B and G, before the inverse shrinks (Lemma 23).
  double size = 0;
  for (std::size_t j = 0; j < contrasts; ++j) {
    double terms = 0;
    for (std::size_t p = 0; p < sums_.columns(); ++p) {
      const std::size_t row = j * sums_.columns() + p;
      terms += std::abs(x_[p]) * std::sqrt(std::max(inverse_[row * (stride_ + 1)], 0.0));
      diagonal_[row] +=
          curvature(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(j)) * x_[p] * x_[p];
    }
    size +=
        terms * std::sqrt(curvature(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(j)));
  }
  ++updates_;
  const auto d = static_cast<double>(dimension_);
  const auto c = static_cast<double>(sums_.columns());
  const auto K = static_cast<double>(sums_.classes());
  charge((4 * c + 8 * K * K + 60) * d * kRounding * (1 + size * size));
  kernels_.subtract_product(inverse_.data(), dimension_, stride_, stride_, factors_.data(),
                            halves_.data(), contrasts);
  if (++unmeasured_ == kMeasureEvery) measure_inverse();
  const Eigen::MatrixXd seen = half * gram_;
  own_leverage_ = (1 + drift_) * pair_leverage(gram_ - seen.transpose() * seen);
  leverage_ = std::max(leverage_, own_leverage_);
}

double SoftmaxMetric::pair_leverage(const Eigen::MatrixXd& gram) const {
  const Eigen::Index K = gram.rows() + 1;
  Eigen::MatrixXd half(gram.rows(), K);
  for (Eigen::Index j = 0; j < gram.rows(); ++j)
    half.row(j) = sums_.helmert().to_classes(gram.col(j)).transpose();
  Eigen::MatrixXd seen(K, K);
  for (Eigen::Index k = 0; k < K; ++k) seen.col(k) = sums_.helmert().to_classes(half.col(k));
  double most = 0;
  for (Eigen::Index a = 0; a < K; ++a)
    for (Eigen::Index b = 0; b < a; ++b)
      most = std::max(most, seen(a, a) + seen(b, b) - seen(a, b) - seen(b, a));
  return with_rotation(std::sqrt(most));
}

double SoftmaxMetric::with_rotation(double leverage) const {
  return leverage + std::sqrt(2.0) * sums_.rotation().of_leverage(members_.largest_norm());
}

// Writes the blocks of the inverse added up for the difference of two classes, so that a sample's
// squared norm in the result is that of the pair.
void SoftmaxMetric::write_pair_block(std::size_t a, std::size_t b, AlignedVector& block) const {
  const std::size_t columns = sums_.columns();
  std::fill(block.begin(), block.end(), 0.0);
  for (std::size_t j = 0; j < sums_.contrasts(); ++j) {
    const double row = sums_.helmert().of(a, j) - sums_.helmert().of(b, j);
    for (std::size_t l = 0; row != 0 && l < sums_.contrasts(); ++l) {
      const double factor = row * (sums_.helmert().of(a, l) - sums_.helmert().of(b, l));
      if (factor == 0) continue;
      for (std::size_t p = 0; p < columns; ++p)
        kernels_.add_scaled(block.data() + p * sums_.stride(), sums_.stride(),
                            inverse_.data() + (j * columns + p) * stride_ + l * columns, factor);
    }
  }
}

// Pair by pair and tile by tile: what a pair needs of the inverse fits the cache.
double SoftmaxMetric::largest_leverage() {
  const std::size_t columns = sums_.columns();
  const SampleTiles& samples = members_.samples();
  AlignedVector block(columns * sums_.stride());
  AlignedVector turned(columns * kTileRows);
  AlignedVector squares(kTileRows);
  double most = 0;
  for (std::size_t a = 1; a < sums_.classes(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      checkpoint_();
      write_pair_block(a, b, block);
      for (std::size_t t = 0; t < samples.tile_count(); ++t) {
        kernels_.logits(samples.tile(t), columns, block.data(), columns, sums_.stride(),
                        padded_rows(samples.rows_in(t)), turned.data());
        std::fill(squares.begin(), squares.end(), 0.0);
        for (std::size_t p = 0; p < columns; ++p)
          for (std::size_t i = 0; i < samples.rows_in(t); ++i)
            squares[i] += samples.tile(t)[p * kernels::kTileStride + i] * turned[p * kTileRows + i];
        for (std::size_t i = 0; i < samples.rows_in(t); ++i) most = std::max(most, squares[i]);
      }
    }
  return (1 + drift_) * with_rotation(std::sqrt(most));
}

}  // namespace shapcpp
