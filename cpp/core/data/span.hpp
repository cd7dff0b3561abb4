// An orthonormal basis of the span of a few long vectors, and coordinates in it with a known error.
//
// The method that computes the basis does not matter: nearly exact products measure how far the
// basis is from orthonormal, and how far the vectors are from its span. docs/engine.md has the
// argument.
#pragma once

#include "core/numerics/panels.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

class Span {
 public:
  // The span of the rows of `vectors`, a matrix wider than high.
  Span(RowMatrix vectors, const Checkpoint& checkpoint);

  Eigen::Index dimension() const { return high_.columns(); }
  // For each row x the coordinates z with |z - V'x| <= coordinate_error() |x|, where V is
  // orthonormal and spans what the basis spans.
  RowMatrix coordinates(RowMatrix x) const;
  double coordinate_error() const;
  // A bound on |x - V V'x| / |x| over the rows that span it.
  double distance() const { return distance_; }

 private:
  void measure_distance(const RowMatrix& vectors, const RowMatrix& high, const RowMatrix& low,
                        const Checkpoint& checkpoint);
  void measure_defect(const RowMatrix& high, const RowMatrix& low, const Checkpoint& checkpoint);
  double rounding_of_rest() const;

  Panels high_;    // leading digits of the basis Q
  Panels low_;     // Q without them
  Panels defect_;  // Q'Q - I
  double defect_size_ = 0;
  double distance_ = 0;
};

}  // namespace shapcpp
