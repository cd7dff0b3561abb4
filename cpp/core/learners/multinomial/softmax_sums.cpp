#include "core/learners/multinomial/softmax_sums.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace shapcpp {

using kernels::kTileRows;

SoftmaxSums::SoftmaxSums(const Problem& problem, const Members& members, const Arrivals& arrivals,
                         const Context& context)
    : training_(problem.training()),
      members_(members),
      arrivals_(arrivals),
      checkpoint_(context.checkpoint),
      statistics_(context.statistics),
      kernels_(context.kernels),
      columns_(problem.columns()),
      stride_(padded_columns(columns_)),
      most_classes_(problem.n_classes()),
      helmert_(most_classes_, columns_, stride_),
      rotation_(problem),
      gradient_(checked_product(most_classes_, stride_, "weights")),
      magnitude_(gradient_.size()),
      squares_(gradient_.size()),
      roots_(gradient_.size()),
      column_squares_(stride_),
      column_roots_(stride_),
      residual_squares_(most_classes_),
      probabilities_(checked_product(most_classes_, kTileRows, "probabilities")),
      residuals_(probabilities_.size()),
      means_(probabilities_.size()),
      rests_(probabilities_.size()),
      variances_(probabilities_.size()),
      row_weights_(kTileRows),
      scratch_(4 * kernels::kTileStride),
      rough_weights_(gradient_.size()),
      rough_classes_(kTileRows),
      rough_row_weights_(kTileRows),
      rough_residuals_(probabilities_.size()) {}

double SoftmaxSums::bytes(const RunShape& s) {
  const double contrasts = s.classes() - 1;
  return kNumberBytes * (contrasts * (contrasts + 1) / 2 * s.columns() * s.columns() +
                         s.classes() * (5 * kTileRows + 4 * s.columns())) +
         kSingleBytes * s.classes() * (kTileRows + s.columns());
}

void SoftmaxSums::clear(bool with_hessian) {
  ++statistics_.passes;
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  std::fill(residual_squares_.begin(), residual_squares_.end(), 0.0);
  if (!with_hessian) return;
  ++statistics_.hessian_builds;
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  std::fill(column_squares_.begin(), column_squares_.end(), 0.0);
  std::fill(squares_.begin(), squares_.end(), 0.0);
  blocks_.assign(contrasts() * (contrasts() + 1) / 2 * columns_ * columns_, 0.0);
}

void SoftmaxSums::set_logits(std::size_t t, const AlignedVector& weights) {
  checkpoint_();
  kernels_.logits(members_.samples().tile(t), columns_, weights.data(), classes(), stride_,
                  padded_rows(members_.samples().rows_in(t)), probabilities_.data());
}

bool SoftmaxSums::rough_pass(const AlignedVector& weights, const Eigen::VectorXd& penalty) {
  ++statistics_.passes;
  std::fill(gradient_.begin(), gradient_.end(), 0.0);
  copy_narrowed(weights.data(), classes() * stride_, rough_weights_.data());
  for (std::size_t t = 0; t < members_.samples().tile_count(); ++t) {
    checkpoint_();
    const std::size_t rows = padded_rows(members_.samples().rows_in(t));
    copy_narrowed(arrivals_.own() + t * kTileRows, rows, rough_classes_.data());
    copy_narrowed(members_.weights() + t * kTileRows, rows, rough_row_weights_.data());
    kernels_.add_rough_gradient(members_.singles().tile(t), columns_, rough_weights_.data(),
                                classes(), stride_, rough_classes_.data(),
                                rough_row_weights_.data(), rows, rough_residuals_.data(),
                                gradient_.data());
  }
  add_penalty(weights, penalty);
  return std::isfinite(length(gradient_));
}

// Leaves the probabilities of the tile.
void SoftmaxSums::set_residuals(std::size_t t) {
  const std::size_t first = t * kTileRows;
  const std::size_t rows = padded_rows(members_.samples().rows_in(t));
  kernels_.softmax(probabilities_.data(), classes(), rows);
  kernels_.class_residuals(probabilities_.data(), classes(), arrivals_.own() + first,
                           members_.weights() + first, rows, residuals_.data());
}

void SoftmaxSums::add_gradient(std::size_t t) {
  set_residuals(t);
  const std::size_t rows = padded_rows(members_.samples().rows_in(t));
  kernels_.add_class_gradient(members_.samples().tile(t), columns_, residuals_.data(), classes(),
                              stride_, rows, gradient_.data());
  for (std::size_t k = 0; k < classes(); ++k) {
    const double* own = residuals_.data() + k * kTileRows;
    residual_squares_[k] += kernels_.dot(own, own, rows);
  }
}

void SoftmaxSums::add_gradient_and_magnitude(std::size_t t) {
  set_residuals(t);
  const std::size_t rows = padded_rows(members_.samples().rows_in(t));
  const double* tile = members_.samples().tile(t);
  for (std::size_t k = 0; k < classes(); ++k)
    kernels_.add_gradient(tile, columns_, residuals_.data() + k * kTileRows, rows,
                          gradient_.data() + k * stride_, magnitude_.data() + k * stride_);
  for (std::size_t j = 0; j < columns_; ++j) {
    const double* column = tile + j * kernels::kTileStride;
    column_squares_[j] += kernels_.dot(column, column, rows);
  }
}

// Cauchy's inequality: a sum of absolute products is at most the root of the product of the sums of
// squares.
void SoftmaxSums::bound_magnitude() {
  for (std::size_t k = 0; k < classes(); ++k) {
    const double residuals = std::sqrt(residual_squares_[k]);
    for (std::size_t j = 0; j < columns_; ++j)
      magnitude_[k * stride_ + j] = residuals * column_roots_[j];
  }
}

void SoftmaxSums::take_roots() {
  for (std::size_t j = 0; j < columns_; ++j) column_roots_[j] = std::sqrt(column_squares_[j]);
  for (std::size_t j = 0; j < classes() * stride_; ++j) roots_[j] = std::sqrt(squares_[j]);
}

void SoftmaxSums::absorb(const Eigen::VectorXd& probabilities, double weight,
                         const AlignedVector& x) {
  for (std::size_t k = 0; k < classes(); ++k) {
    const double own = probabilities[static_cast<Eigen::Index>(k)];
    const double curvature = weight * own * (std::abs(1 - own) + 8 * kRounding);
    for (std::size_t j = 0; j < columns_; ++j) squares_[k * stride_ + j] += curvature * x[j] * x[j];
  }
  for (std::size_t j = 0; j < columns_; ++j) column_squares_[j] += x[j] * x[j];
  take_roots();
}

void SoftmaxSums::add_hessian(std::size_t t) {
  const std::size_t rows = padded_rows(members_.samples().rows_in(t));
  const double* tile = members_.samples().tile(t);
  const double* weights = members_.weights() + t * kTileRows;
  for (std::size_t k = 0; k < classes(); ++k) {
    const double* p = probabilities_.data() + k * kTileRows;
    for (std::size_t i = 0; i < rows; ++i)
      row_weights_[i] = weights[i] * p[i] * (std::abs(1 - p[i]) + 8 * kRounding);
    kernels_.add_squares(tile, columns_, row_weights_.data(), rows, squares_.data() + k * stride_);
  }
  kernels_.contrast_moments(probabilities_.data(), classes(), helmert_.scales(), weights, rows,
                            means_.data(), rests_.data(), variances_.data());
  double* block = blocks_.data();
  for (std::size_t j = 0; j < contrasts(); ++j)
    for (std::size_t l = 0; l <= j; ++l, block += columns_ * columns_) {
      const double* mean = means_.data() + l * kTileRows;
      const double* rest = rests_.data() + j * kTileRows;
      const double* variance = variances_.data() + j * kTileRows;
      for (std::size_t i = 0; i < rows; ++i)
        row_weights_[i] = l == j ? variance[i] : mean[i] * rest[i];
      kernels_.add_hessian(tile, columns_, row_weights_.data(), rows, block, scratch_.data());
    }
}

// Each block is symmetric, so that it serves as its mirror image too; above its diagonal it is
// filled here.
void SoftmaxSums::write_hessian(const Eigen::VectorXd& penalty, double* hessian,
                                std::size_t stride) {
  double* block = blocks_.data();
  for (std::size_t j = 0; j < contrasts(); ++j)
    for (std::size_t l = 0; l <= j; ++l, block += columns_ * columns_) {
      for (std::size_t p = 0; p < columns_; ++p)
        for (std::size_t q = 0; q < p; ++q) block[q * columns_ + p] = block[p * columns_ + q];
      for (std::size_t p = 0; p < columns_; ++p) {
        const double* row = block + p * columns_;
        std::copy_n(row, columns_, hessian + (j * columns_ + p) * stride + l * columns_);
        std::copy_n(row, columns_, hessian + (l * columns_ + p) * stride + j * columns_);
      }
    }
  for (std::size_t j = 0; j < contrasts(); ++j)
    for (std::size_t p = 0; p < columns_; ++p)
      hessian[(j * columns_ + p) * (stride + 1)] += penalty[static_cast<Eigen::Index>(p)];
}

void SoftmaxSums::add_penalty(const AlignedVector& weights, const Eigen::VectorXd& penalty) {
  for (std::size_t k = 0; k < classes(); ++k)
    for (std::size_t j = 0; j < columns_; ++j)
      gradient_[k * stride_ + j] +=
          penalty[static_cast<Eigen::Index>(j)] * weights[k * stride_ + j];
}

double SoftmaxSums::rounding_of_penalty(const AlignedVector& weights) const {
  double squares = 0;
  for (std::size_t k = 0; k < classes(); ++k)
    for (std::size_t j = 0; j < columns_; ++j)
      squares += training_.penalty()[static_cast<Eigen::Index>(j)] * weights[k * stride_ + j] *
                 weights[k * stride_ + j];
  const auto K = static_cast<double>(classes());
  return (K + 8) * kRounding * std::sqrt(K * squares);
}

double SoftmaxSums::hessian_rounding(double condition) const {
  const auto dim = static_cast<double>(dimension());
  const double trace =
      members_.total_weight() * members_.largest_norm() * members_.largest_norm() / 2;
  const double terms = 8 * static_cast<double>(classes()) + 32;
  return (sum_rounding(members_.size()) + terms * kRounding) * dim * condition +
         rotation_.of_hessian(trace);
}

// The sum of the absolute terms of the gradient, times the largest norm.
double SoftmaxSums::residual_mass() const {
  double mass = 0;
  for (std::size_t k = 0; k < classes(); ++k) mass += magnitude_[k * stride_ + columns_ - 1];
  return members_.largest_norm() * mass;
}

// The difference of two classes has a norm of sqrt(2) times that of all, at most.
double SoftmaxSums::margin_rounding(const AlignedVector& weights, double radius) const {
  return std::sqrt(2.0) * rotation_.of_margin(residual_mass(), length(weights), radius);
}

double SoftmaxSums::length(const AlignedVector& weights) const {
  return std::sqrt(kernels_.dot(weights.data(), weights.data(), classes() * stride_));
}

double SoftmaxSums::widest(const AlignedVector& weights) const {
  double most = 0;
  for (std::size_t a = 0; a < classes(); ++a)
    for (std::size_t b = 0; b < a; ++b) {
      std::array<double, 4> squares{};
      for (std::size_t j = 0; j < stride_; j += squares.size())
        for (std::size_t c = 0; c < squares.size(); ++c) {
          const double apart = weights[a * stride_ + j + c] - weights[b * stride_ + j + c];
          squares[c] += apart * apart;
        }
      most = std::max(most, squares[0] + squares[1] + squares[2] + squares[3]);
    }
  return std::sqrt(most);
}

}  // namespace shapcpp
