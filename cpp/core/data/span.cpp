#include "core/data/span.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/numerics/rounding.hpp"
#include "core/numerics/storage.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

using Rows = Span::Rows;

// Rounds entries to multiples of 2^-25; the remainder of each is at most 2^-26. For two vectors no
// longer than 1 the sum of products of such entries is exact in any order: its terms are multiples
// of 2^-50, and no partial sum exceeds 4.
template <class Matrix>
Matrix leading_digits(const Matrix& matrix) {
  constexpr double kShift = 1.5 * 0x1p52 * 0x1p-25;
  return (matrix.array() + kShift) - kShift;
}

// Eigen cuts products into blocks by cache size, and the blocks decide the last bits of sums. Fixed
// sizes make the basis the same on every machine.
[[maybe_unused]] const bool blocks_are_fixed = [] {
  Eigen::setCpuCacheSizes(1 << 15, 1 << 19, 1 << 21);
  return true;
}();

// Times a power of two, which may be too large or too small for a double.
void scale(Eigen::Ref<MatrixXd> matrix, int exponent) {
  if (std::abs(exponent) < std::numeric_limits<double>::max_exponent - 2)
    matrix *= std::ldexp(1.0, exponent);
  else
    matrix = matrix.unaryExpr([exponent](double value) { return std::ldexp(value, exponent); });
}

// Brings a column's length to between 1/2 and 1 by a power of two, if it is not zero, and returns
// the exponent. The largest entry is scaled first, so that squares neither overflow nor vanish.
int normalise(Eigen::Ref<MatrixXd> column) {
  const double largest = column.lpNorm<Eigen::Infinity>();
  if (largest == 0) return 0;
  const int first = -std::ilogb(largest) - 1;
  scale(column, first);
  const int second = -std::ilogb(column.norm()) - 1;
  scale(column, second);
  return first + second;
}

// Columns of `left` that are multiplied at a time: the rows of `right` beside them stay in a cache.
constexpr Index kDepth = 256;

// left * right, by the vector loops.
Rows product(const Eigen::Ref<const Rows, 0, Eigen::OuterStride<>>& left, const Rows& right) {
  Rows negative = Rows::Zero(left.rows(), right.cols());
  const auto width = static_cast<std::size_t>(right.cols());
  for (Index first = 0; first < left.cols(); first += kDepth) {
    const Rows factors = left.middleCols(first, std::min(kDepth, left.cols() - first));
    kernels::kernels().subtract_product(negative.data(), static_cast<std::size_t>(left.rows()),
                                        width, width, factors.data(), right.row(first).data(),
                                        static_cast<std::size_t>(factors.cols()));
  }
  return -negative;
}

// With columns of zeros up to a multiple of kStrideMultiple.
Rows padded(const MatrixXd& matrix) {
  const auto columns = padded_columns(static_cast<std::size_t>(matrix.cols()));
  Rows result = Rows::Zero(matrix.rows(), static_cast<Index>(columns));
  result.leftCols(matrix.cols()) = matrix;
  return result;
}

// A matrix by columns is its transpose by rows.
Rows transposed(const MatrixXd& matrix) {
  return Eigen::Map<const Rows>(matrix.data(), matrix.cols(), matrix.rows());
}

// Matrices are processed in strips of this many columns, with a checkpoint for each.
constexpr Index kStrip = 32;

template <class Body>
void in_strips(Index columns, const Checkpoint& checkpoint, const Body& body) {
  for (Index first = 0; first < columns; first += kStrip) {
    checkpoint();
    body(first, std::min(kStrip, columns - first));
  }
}

// Householder's method, a strip of columns at a time, in place: the Q of `vectors`.
MatrixXd orthonormal(MatrixXd vectors, const Checkpoint& checkpoint) {
  using Strip = Eigen::HouseholderQR<Eigen::Ref<MatrixXd>>;
  std::vector<Strip> strips;
  in_strips(vectors.cols(), checkpoint, [&](Index first, Index count) {
    Eigen::Ref<MatrixXd> strip = vectors.block(first, first, vectors.rows() - first, count);
    strips.emplace_back(strip);
    auto rest = vectors.bottomRightCorner(strip.rows(), vectors.cols() - first - count);
    in_strips(rest.cols(), checkpoint, [&](Index begin, Index width) {
      rest.middleCols(begin, width).applyOnTheLeft(strips.back().householderQ().adjoint());
    });
  });
  MatrixXd basis = MatrixXd::Identity(vectors.rows(), vectors.cols());
  for (auto strip = strips.rbegin(); strip != strips.rend(); ++strip) {
    const Index rows = strip->rows();
    auto corner = basis.bottomRightCorner(rows, rows - (vectors.rows() - vectors.cols()));
    in_strips(corner.cols(), checkpoint, [&](Index begin, Index width) {
      corner.middleCols(begin, width).applyOnTheLeft(strip->householderQ());
    });
  }
  return basis;
}

}  // namespace

Span::Span(MatrixXd vectors, const Checkpoint& checkpoint) : dimension_(vectors.cols()) {
  const double largest = vectors.lpNorm<Eigen::Infinity>();
  if (largest > 0) scale(vectors, -std::ilogb(largest) - 1);
  const MatrixXd basis = orthonormal(std::move(vectors), checkpoint);
  low_ = padded(basis);
  high_ = leading_digits(low_);
  low_ -= high_;
  defect_ = Rows::Zero(dimension_, high_.cols());
  Rows mixed = defect_;
  in_strips(dimension_, checkpoint, [&](Index first, Index count) {
    const Rows of_high = high_.middleCols(first, count).transpose();
    const Rows of_low = low_.middleCols(first, count).transpose();
    mixed.middleRows(first, count) = product(of_high, low_);
    auto part = defect_.middleRows(first, count);
    part = product(of_high, high_);
    part.middleCols(first, count).diagonal().array() -= 1;
    part += product(of_low, low_);
  });
  defect_ += mixed;
  defect_.leftCols(dimension_) += mixed.leftCols(dimension_).transpose();
}

// With Q = V S and S^2 = I + defect, V'x = S^-1 Q'x, and S^-1 is I - defect / 2 up to squares of
// the defect.
MatrixXd Span::coordinates(MatrixXd x) const {
  std::vector<int> exponents;
  for (Index i = 0; i < x.cols(); ++i) exponents.push_back(normalise(x.col(i)));
  const Rows all = transposed(x);
  const Rows high = leading_digits(all);
  Rows result = product(all, low_);
  result += product(all - high, high_);
  result += product(high, high_);
  result -= product(0.5 * result.leftCols(dimension_), defect_);
  MatrixXd found = result.leftCols(dimension_).transpose();
  for (Index i = 0; i < x.cols(); ++i) scale(found.col(i), -exponents[static_cast<std::size_t>(i)]);
  return found;
}

// The sum of: one rounding each for the product and the correction, and as much in reserve; the
// inexact parts of the product and of the defect; the squares that the correction leaves out; and
// the rounding of the correction.
double Span::coordinate_error() const {
  const auto r = static_cast<double>(dimension());
  const double defect = defect_.norm() + r * rounding_of_rest();
  return 4 * kRounding + 2 * r * rounding_of_rest() + defect * (defect + r * kRounding);
}

// |x - Q z| bounds the distance for any z; here z is Q'x in double precision.
double Span::distance(const Batches& batches) const {
  const Rows high_rows = padded(high_.leftCols(dimension_).transpose());
  const Rows low_rows = padded(low_.leftCols(dimension_).transpose());
  double most = 0;
  batches([&](MatrixXd x) {
    for (Index i = 0; i < x.cols(); ++i) normalise(x.col(i));
    const Rows all = transposed(x);
    Rows low = (product(all, low_) + product(all, high_)).leftCols(dimension_);
    const Rows high = leading_digits(low);
    low -= high;
    const Rows rest = product(high + low, low_rows) + product(low, high_rows);
    // The product of leading digits is exact, unlike its parts subtracted one by one.
    const Rows left = (all - product(high, high_rows).leftCols(x.rows())) - rest.leftCols(x.rows());
    for (Index i = 0; i < x.cols(); ++i)
      if (x.col(i).norm() > 0) most = std::max(most, left.row(i).norm() / x.col(i).norm());
  });
  return 1.001 * most + 2 * std::sqrt(static_cast<double>(dimension())) * rounding_of_rest();
}

// The rounding of an entry of a product in which one factor is the remainder after the leading
// digits: that factor is at most sqrt(d) 2^-26 long, and the entry is a sum of d products.
double Span::rounding_of_rest() const {
  const auto d = static_cast<double>(high_.rows());
  return d * std::sqrt(d) * 0x1p-24 * kRounding;
}

}  // namespace shapcpp
