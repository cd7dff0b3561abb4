#include "core/numerics/cholesky.hpp"

#include <algorithm>
#include <cmath>

namespace shapcpp {
namespace {

// A multiple of kStrideMultiple.
constexpr std::size_t kBlock = 32;

// Numbers of a vector of this length that fill whole registers.
std::size_t whole(std::size_t length) {
  return length / kernels::kStrideMultiple * kernels::kStrideMultiple;
}

}  // namespace

bool Cholesky::factor(const RowMatrix& matrix, const Checkpoint& checkpoint) {
  size_ = static_cast<std::size_t>(matrix.rows());
  stride_ = padded_columns(size_);
  lower_.assign(checked_product(size_, stride_, "a factor"), 0.0);
  panel_.assign(kBlock * stride_, 0.0);
  factors_.resize(kBlock * kBlock);
  for (std::size_t i = 0; i < size_; ++i)
    std::copy_n(matrix.data() + i * size_, i + 1, lower_.data() + i * stride_);
  for (std::size_t first = 0; first < size_; first += kBlock) {
    checkpoint();
    const std::size_t width = std::min(kBlock, size_ - first);
    if (!factor_panel(first, width)) return false;
    subtract_panel(first, width);
  }
  return true;
}

// Columns of the factor from `first` on, of what the columns before have left.
bool Cholesky::factor_panel(std::size_t first, std::size_t width) {
  const std::size_t length = stride_ - first;
  double* panel = panel_.data() + first;
  for (std::size_t c = 0; c < width; ++c)
    for (std::size_t i = first; i < size_; ++i)
      panel_[c * stride_ + i] = lower_[i * stride_ + first + c];
  for (std::size_t c = 0; c < width; ++c) {
    double* own = panel + c * stride_;
    if (!(own[c] > 0)) return false;
    const double root = std::sqrt(own[c]);
    std::fill_n(own, c, 0.0);
    for (std::size_t i = c; i < length; ++i) own[i] /= root;
    for (std::size_t e = c + 1; e < width; ++e)
      kernels_.add_scaled(panel + e * stride_, length, own, -own[e]);
  }
  for (std::size_t i = first; i < size_; ++i)
    for (std::size_t c = 0; c < width; ++c)
      lower_[i * stride_ + first + c] = panel_[c * stride_ + i];
  return true;
}

// What the columns take off the triangle below them, block of rows by block of rows.
void Cholesky::subtract_panel(std::size_t first, std::size_t width) {
  const std::size_t next = first + width;
  for (std::size_t begin = next; begin < size_; begin += kBlock) {
    const std::size_t rows = std::min(kBlock, size_ - begin);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t c = 0; c < width; ++c)
        factors_[i * width + c] = panel_[c * stride_ + begin + i];
    kernels_.subtract_product(lower_.data() + begin * stride_ + next, rows,
                              padded_columns(begin + rows - next), stride_, factors_.data(),
                              panel_.data() + next, width);
  }
}

Eigen::VectorXd Cholesky::solve_lower(const Eigen::VectorXd& v) const {
  Eigen::VectorXd y = v;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t end = whole(i);
    double sum = kernels_.dot(row(i), y.data(), end);
    for (std::size_t j = end; j < i; ++j) sum += row(i)[j] * y.data()[j];
    y.data()[i] = (y.data()[i] - sum) / row(i)[i];
  }
  return y;
}

Eigen::VectorXd Cholesky::solve(const Eigen::VectorXd& v) const {
  Eigen::VectorXd x = solve_lower(v);
  for (std::size_t i = size_; i-- > 0;) {
    const double own = x.data()[i] /= row(i)[i];
    const std::size_t end = whole(i);
    kernels_.add_scaled(x.data(), end, row(i), -own);
    for (std::size_t j = end; j < i; ++j) x.data()[j] -= own * row(i)[j];
  }
  return x;
}

Eigen::VectorXd Cholesky::turned_product(const Eigen::VectorXd& v) const {
  Eigen::VectorXd product = Eigen::VectorXd::Zero(v.size());
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t end = whole(i);
    kernels_.add_scaled(product.data(), end, row(i), v.data()[i]);
    for (std::size_t j = end; j <= i; ++j) product.data()[j] += v.data()[i] * row(i)[j];
  }
  return product;
}

// Block of rows by block of rows: L_ii X_i = I_i - sum over j < i of L_ij X_j.
Eigen::MatrixXd Cholesky::inverse(const Checkpoint& checkpoint) const {
  AlignedVector inverse(size_ * stride_);
  AlignedVector factors(kBlock * kBlock);
  for (std::size_t begin = 0; begin < size_; begin += kBlock) {
    checkpoint();
    const std::size_t rows = std::min(kBlock, size_ - begin);
    double* own = inverse.data() + begin * stride_;
    for (std::size_t j = 0; j < begin; j += kBlock) {
      for (std::size_t i = 0; i < rows; ++i)
        std::copy_n(row(begin + i) + j, kBlock, factors.data() + i * kBlock);
      kernels_.subtract_product(own, rows, j + kBlock, stride_, factors.data(),
                                inverse.data() + j * stride_, kBlock);
    }
    const std::size_t width = padded_columns(begin + rows);
    for (std::size_t i = 0; i < rows; ++i) {
      double* target = own + i * stride_;
      target[begin + i] = 1;
      for (std::size_t e = 0; e < i; ++e)
        kernels_.add_scaled(target, width, own + e * stride_, -row(begin + i)[begin + e]);
      for (std::size_t j = 0; j <= begin + i; ++j) target[j] /= row(begin + i)[begin + i];
    }
  }
  Eigen::MatrixXd result(static_cast<Eigen::Index>(size_), static_cast<Eigen::Index>(size_));
  for (Eigen::Index i = 0; i < result.rows(); ++i)
    for (Eigen::Index j = 0; j < result.cols(); ++j)
      result(i, j) = inverse[static_cast<std::size_t>(i) * stride_ + static_cast<std::size_t>(j)];
  return result;
}

}  // namespace shapcpp
