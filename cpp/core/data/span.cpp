#include "core/data/span.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/numerics/orthonormal.hpp"
#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;

// Calls body(first, count) for strips of rows, with a checkpoint before each.
template <class Body>
void in_strips(Index rows, const Checkpoint& checkpoint, const Body& body) {
  constexpr Index kStrip = 2 * Panels::kWidth;
  for (Index first = 0; first < rows; first += kStrip) {
    checkpoint();
    body(first, std::min(kStrip, rows - first));
  }
}

// Rounds entries to multiples of 2^-25; the remainder of each is at most 2^-26. For two vectors no
// longer than 1 the sum of products of such entries is exact in any order: its terms are multiples
// of 2^-50, and no partial sum exceeds 4.
RowMatrix leading_digits(const RowMatrix& matrix) {
  constexpr double kShift = 1.5 * 0x1p52 * 0x1p-25;
  return (matrix.array() + kShift) - kShift;
}

// Times a power of two, which may be too large or too small for a double.
void scale(Eigen::Ref<Eigen::RowVectorXd> row, int exponent) {
  if (std::abs(exponent) < std::numeric_limits<double>::max_exponent - 2)
    row *= std::ldexp(1.0, exponent);
  else
    row = row.unaryExpr([exponent](double value) { return std::ldexp(value, exponent); });
}

// Brings a row's length to between 1/2 and 1 by a power of two, if it is not zero, and returns
// the exponent. The largest entry is scaled first, so that squares neither overflow nor vanish.
int normalise(Eigen::Ref<Eigen::RowVectorXd> row) {
  const double largest = row.lpNorm<Eigen::Infinity>();
  if (largest == 0) return 0;
  const int first = -std::ilogb(largest) - 1;
  scale(row, first);
  const int second = -std::ilogb(row.norm()) - 1;
  scale(row, second);
  return first + second;
}

}  // namespace

Span::Span(RowMatrix vectors, const Checkpoint& checkpoint) {
  for (Index i = 0; i < vectors.rows(); ++i) normalise(vectors.row(i));
  RowMatrix low = orthonormal_rows(vectors, checkpoint);
  const RowMatrix high = leading_digits(low);
  low -= high;
  high_ = Panels(high.transpose());
  low_ = Panels(low.transpose());
  measure_defect(high, low, checkpoint);
  measure_distance(vectors, high, low, checkpoint);
}

// With Q = A + B, A its leading digits, Q'Q is A'A + N + N' with N = (A + B / 2)'B, and A'A is
// symmetric.
void Span::measure_defect(const RowMatrix& high, const RowMatrix& low,
                          const Checkpoint& checkpoint) {
  RowMatrix defect = RowMatrix::Zero(dimension(), dimension());
  RowMatrix half = defect;
  in_strips(dimension(), checkpoint, [&](Index first, Index count) {
    const RowMatrix strip = high.middleRows(first, count);
    half.middleRows(first, count) = low_.product(strip + 0.5 * low.middleRows(first, count));
    defect.block(first, first, count, dimension() - first) = high_.product(strip, first);
  });
  defect.triangularView<Eigen::StrictlyLower>() = defect.transpose();
  defect.diagonal().array() -= 1;
  defect += half;
  defect += half.transpose();
  defect_size_ = defect.norm();
  defect_ = Panels(defect);
}

// |x - Q z| bounds the distance for any z; here z is Q'x in double precision.
void Span::measure_distance(const RowMatrix& vectors, const RowMatrix& high, const RowMatrix& low,
                            const Checkpoint& checkpoint) {
  const Panels leading(high);
  const Panels rest(low);
  double most = 0;
  in_strips(dimension(), checkpoint, [&](Index first, Index count) {
    const RowMatrix x = vectors.middleRows(first, count);
    const RowMatrix z = high_.product(x) + low_.product(x);
    const RowMatrix digits = leading_digits(z);
    // The product of leading digits is exact, unlike its parts subtracted one by one.
    const RowMatrix left =
        (x - leading.product(digits)) - (rest.product(z) + leading.product(z - digits));
    for (Index i = 0; i < count; ++i)
      if (x.row(i).norm() > 0) most = std::max(most, left.row(i).norm() / x.row(i).norm());
  });
  distance_ = 1.001 * most + 2 * std::sqrt(static_cast<double>(dimension())) * rounding_of_rest();
}

// With Q = V S and S^2 = I + defect, V'x = S^-1 Q'x, and S^-1 is I - defect / 2 up to squares of
// the defect.
RowMatrix Span::coordinates(RowMatrix x) const {
  std::vector<int> exponents;
  for (Index i = 0; i < x.rows(); ++i) exponents.push_back(normalise(x.row(i)));
  const RowMatrix high = leading_digits(x);
  RowMatrix result = low_.product(x);
  result += high_.product(x - high);
  result += high_.product(high);
  result -= defect_.product(0.5 * result);
  for (Index i = 0; i < x.rows(); ++i)
    scale(result.row(i), -exponents[static_cast<std::size_t>(i)]);
  return result;
}

// The sum of: one rounding each for the product and the correction, and as much in reserve; the
// inexact parts of the product and of the defect; the squares that the correction leaves out; and
// the rounding of the correction.
double Span::coordinate_error() const {
  const auto r = static_cast<double>(dimension());
  const double defect = defect_size_ + r * rounding_of_rest();
  // Then nothing is known, beyond how long the coordinates can be.
  if (!(defect < 0.5)) return 1 + (1 + defect / 2) * std::sqrt(1 + defect);
  return 4 * kRounding + 2 * r * rounding_of_rest() + defect * (defect + r * kRounding);
}

// The rounding of an entry of a product in which one factor is the remainder after the leading
// digits: that factor is at most sqrt(d) 2^-26 long, and the entry is a sum of d products.
double Span::rounding_of_rest() const {
  const auto d = static_cast<double>(high_.rows());
  return d * std::sqrt(d) * 0x1p-24 * kRounding;
}

}  // namespace shapcpp
