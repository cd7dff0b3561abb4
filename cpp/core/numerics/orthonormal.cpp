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

// The product of the reflections of a strip of rows, I - V T V' with a row of V' for each
// reflection and T upper triangular.
class Reflections {
 public:
  // Reflects the rows in turn, each along the axis of its own number beyond `first`, and all
  // those after it alike. `rows` are as long as the kernels need.
  Reflections(Eigen::Ref<RowMatrix> rows, Index first)
      : first_(first), vectors_(RowMatrix::Zero(rows.rows(), rows.cols())) {
    RowMatrix triangle = RowMatrix::Zero(rows.rows(), rows.rows());
    for (Index j = 0; j < rows.rows(); ++j) {
      const double factor = choose(rows.row(j).data(), j);
      const double* vector = vectors_.row(j).data();
      for (Index i = j + 1; i < rows.rows(); ++i)
        add(rows.row(i).data(), vector, -factor * dot(rows.row(i).data(), vector));
      for (Index i = 0; i < j; ++i) triangle(i, j) = -factor * dot(vectors_.row(i).data(), vector);
      triangle.col(j).head(j) =
          triangle.topLeftCorner(j, j).triangularView<Eigen::Upper>() * triangle.col(j).head(j);
      triangle(j, j) = factor;
    }
    onto_ = Panels(vectors_.transpose());
    back_ = Panels(vectors_);
    forward_ = Panels(triangle);
    backward_ = Panels(triangle.transpose());
  }

  Index first() const { return first_; }
  // rows * (I - V T V')
  void apply(Eigen::Ref<RowMatrix> rows) const { reflect(forward_, rows); }
  // rows * (I - V T' V')
  void undo(Eigen::Ref<RowMatrix> rows) const { reflect(backward_, rows); }

 private:
  // Sets vector j, and returns the factor of its reflection, 0 if the row is on the axis already.
  double choose(const double* row, Index j) {
    double* vector = vectors_.row(j).data();
    const Index axis = first_ + j;
    std::copy(row + axis, row + vectors_.cols(), vector + axis);
    vector[axis] = 0;
    const double rest = dot(vector, vector);
    const double along = row[axis];
    const double end = -std::copysign(std::sqrt(along * along + rest), along);
    if (rest > 0 && end != 0) vectors_.row(j) /= along - end;
    vector[axis] = 1;
    return rest > 0 && end != 0 ? (end - along) / end : 0;
  }

  double dot(const double* a, const double* b) const {
    return loops_.dot(a, b, static_cast<std::size_t>(vectors_.cols()));
  }
  void add(double* target, const double* vector, double factor) const {
    loops_.add_scaled(target, static_cast<std::size_t>(vectors_.cols()), vector, factor);
  }
  void reflect(const Panels& triangle, Eigen::Ref<RowMatrix> rows) const {
    rows -= back_.product(triangle.product(onto_.product(rows)));
  }

  const kernels::Kernels& loops_ = kernels::kernels();
  Index first_;
  RowMatrix vectors_;
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
