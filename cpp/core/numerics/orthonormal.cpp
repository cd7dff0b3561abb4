#include "core/numerics/orthonormal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/kernels.hpp"

namespace shapcpp {
namespace {

using Eigen::Index;

// Rows that are reflected between two checkpoints.
constexpr Index kBatch = 256;

// Of a row of length 1 the part beside its axis whose square is no more than this is nothing: a
// smaller square has lost its digits.
constexpr double kLeastSquare = 1e-280;

// The products that a reflection is made of, over rows as long as the kernels need.
double dot(const RowMatrix& a, Index i, const RowMatrix& b, Index j) {
  return kernels::kernels().dot(a.row(i).data(), b.row(j).data(),
                                static_cast<std::size_t>(a.cols()));
}

// Writes the vector along which a row is reflected onto its own axis, and returns the factor of
// the reflection: 0 if the row is on the axis already.
double reflect(const RowMatrix& rows, Index i, Index axis, RowMatrix& vectors) {
  auto vector = vectors.row(i);
  const Index beyond = rows.cols() - axis - 1;
  vector.tail(beyond) = rows.row(i).tail(beyond);
  const double rest = dot(vectors, i, vectors, i);
  const double along = rows(i, axis);
  const double end = -std::copysign(std::sqrt(along * along + rest), along);
  const bool turns = rest > kLeastSquare;
  if (turns) vector /= along - end;
  vector[axis] = 1;
  return turns ? (end - along) / end : 0;
}

// The product of the reflections of a strip of rows, I - V T V' with a row of V' for each
// reflection and T upper triangular.
class Reflections {
 public:
  // Reflects the rows in turn, the first along the axis `first`, and all those after it alike.
  Reflections(RowMatrix rows, Index first) : first_(first) {
    RowMatrix vectors = RowMatrix::Zero(rows.rows(), rows.cols());
    RowMatrix triangle = RowMatrix::Zero(rows.rows(), rows.rows());
    for (Index j = 0; j < rows.rows(); ++j) {
      const double factor = reflect(rows, j, first + j, vectors);
      for (Index i = j + 1; i < rows.rows(); ++i)
        rows.row(i) -= factor * dot(rows, i, vectors, j) * vectors.row(j);
      Eigen::VectorXd shared(j);
      for (Index i = 0; i < j; ++i) shared[i] = -factor * dot(vectors, i, vectors, j);
      triangle.col(j).head(j) =
          triangle.topLeftCorner(j, j).triangularView<Eigen::Upper>() * shared;
      triangle(j, j) = factor;
    }
    onto_ = Panels(vectors.transpose());
    back_ = Panels(vectors);
    forward_ = Panels(triangle);
    backward_ = Panels(triangle.transpose());
  }

  Index first() const { return first_; }
  // rows * (I - V T V')
  void apply(Eigen::Ref<RowMatrix> rows) const { multiply(forward_, rows); }
  // rows * (I - V T' V')
  void undo(Eigen::Ref<RowMatrix> rows) const { multiply(backward_, rows); }

 private:
  void multiply(const Panels& triangle, Eigen::Ref<RowMatrix> rows) const {
    rows -= back_.product(triangle.product(onto_.product(rows)));
  }

  Index first_;
  Panels onto_;      // V
  Panels back_;      // V'
  Panels forward_;   // T
  Panels backward_;  // T'
};

// Rows from `first` on, a batch at a time.
template <class Body>
void in_batches(RowMatrix& rows, Index first, const Checkpoint& checkpoint, const Body& body) {
  for (; first < rows.rows(); first += kBatch) {
    checkpoint();
    body(rows.middleRows(first, std::min(kBatch, rows.rows() - first)));
  }
}

}  // namespace

RowMatrix orthonormal_rows(const RowMatrix& vectors, const Checkpoint& checkpoint) {
  const auto length = padded_columns(static_cast<std::size_t>(vectors.cols()));
  RowMatrix rows = RowMatrix::Zero(vectors.rows(), static_cast<Index>(length));
  rows.leftCols(vectors.cols()) = vectors;
  std::vector<Reflections> strips;
  for (Index first = 0; first < rows.rows(); first += Panels::kWidth) {
    checkpoint();
    const Index count = std::min(Panels::kWidth, rows.rows() - first);
    strips.emplace_back(rows.middleRows(first, count), first);
    in_batches(rows, first + count, checkpoint,
               [&](Eigen::Ref<RowMatrix> batch) { strips.back().apply(batch); });
  }
  rows.setIdentity();
  for (auto strip = strips.rbegin(); strip != strips.rend(); ++strip)
    in_batches(rows, strip->first(), checkpoint,
               [&](Eigen::Ref<RowMatrix> batch) { strip->undo(batch); });
  return rows.leftCols(vectors.cols());
}

}  // namespace shapcpp
