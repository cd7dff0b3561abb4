#include "core/data/span.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// Rounds entries to multiples of 2^-25; the remainder of each is at most 2^-26. For two vectors no
// longer than 1 the sum of products of such entries is exact in any order: its terms are multiples
// of 2^-50, and no partial sum exceeds 4.
MatrixXd leading_digits(const MatrixXd& matrix) {
  constexpr double kShift = 1.5 * 0x1p52 * 0x1p-25;
  return (matrix.array() + kShift) - kShift;
}

// Eigen cuts products into blocks by cache size, and the blocks decide the last bits of sums. Fixed
// sizes make coordinates the same on every machine.
[[maybe_unused]] const bool blocks_are_fixed = [] {
  Eigen::setCpuCacheSizes(1 << 15, 1 << 19, 1 << 21);
  return true;
}();

void scale(Eigen::Ref<MatrixXd> matrix, int exponent) {
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

Span::Span(MatrixXd vectors, const Checkpoint& checkpoint) {
  const double largest = vectors.lpNorm<Eigen::Infinity>();
  if (largest > 0) scale(vectors, -std::ilogb(largest) - 1);
  low_ = orthonormal(std::move(vectors), checkpoint);
  high_ = leading_digits(low_);
  low_ -= high_;
  defect_.resize(high_.cols(), high_.cols());
  MatrixXd mixed(high_.cols(), high_.cols());
  in_strips(high_.cols(), checkpoint, [&](Index first, Index count) {
    const auto of_high = high_.middleCols(first, count);
    const auto of_low = low_.middleCols(first, count);
    mixed.middleCols(first, count).noalias() = high_.transpose() * of_low;
    defect_.middleCols(first, count).noalias() = high_.transpose() * of_high;
    defect_.block(first, first, count, count).diagonal().array() -= 1;
    defect_.middleCols(first, count).noalias() += low_.transpose() * of_low;
  });
  defect_ += mixed + mixed.transpose();
}

// With Q = V S and S^2 = I + defect, V'x = S^-1 Q'x, and S^-1 is I - defect / 2 up to squares of
// the defect.
MatrixXd Span::coordinates(MatrixXd x) const {
  std::vector<int> exponents;
  for (Index i = 0; i < x.cols(); ++i) exponents.push_back(normalise(x.col(i)));
  const MatrixXd high = leading_digits(x);
  MatrixXd rest = low_.transpose() * x;
  x -= high;
  rest.noalias() += high_.transpose() * x;
  MatrixXd result = high_.transpose() * high;
  result += rest;
  result -= (defect_ * (0.5 * result)).eval();
  for (Index i = 0; i < x.cols(); ++i)
    scale(result.col(i), -exponents[static_cast<std::size_t>(i)]);
  return result;
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
double Span::distance(MatrixXd x) const {
  for (Index i = 0; i < x.cols(); ++i) normalise(x.col(i));
  MatrixXd low = low_.transpose() * x;
  low.noalias() += high_.transpose() * x;
  const MatrixXd high = leading_digits(low);
  MatrixXd rest = low_ * low;
  low -= high;
  rest.noalias() += high_ * low;
  const MatrixXd product = high_ * high;  // exact, unlike its parts subtracted one by one
  const MatrixXd left = (x - product) - rest;
  double most = 0;
  for (Index i = 0; i < x.cols(); ++i)
    if (x.col(i).norm() > 0) most = std::max(most, left.col(i).norm() / x.col(i).norm());
  return 1.001 * most + 2 * std::sqrt(static_cast<double>(dimension())) * rounding_of_rest();
}

// The rounding of an entry of a product in which one factor is the remainder after the leading
// digits: that factor is at most sqrt(d) 2^-26 long, and the entry is a sum of d products.
double Span::rounding_of_rest() const {
  const auto d = static_cast<double>(high_.rows());
  return d * std::sqrt(d) * 0x1p-24 * kRounding;
}

}  // namespace shapcpp
