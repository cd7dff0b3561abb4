// An orthonormal basis of the span of a few long vectors, and coordinates in it with a known error.
//
// The method that computes the basis does not matter: nearly exact products measure how far the
// basis is from orthonormal, and how far the vectors are from its span. docs/engine.md has the
// argument.
#pragma once

#include <Eigen/Core>

#include "core/run/checkpoint.hpp"

namespace shapcpp {

class Span {
 public:
  // The span of the columns of `vectors`, a matrix taller than wide, which is overwritten.
  Span(Eigen::MatrixXd vectors, const Checkpoint& checkpoint);

  Eigen::Index dimension() const { return high_.cols(); }
  // For each column x the coordinates z with |z - V'x| <= coordinate_error() |x|, where V is
  // orthonormal and spans what the basis spans.
  Eigen::MatrixXd coordinates(Eigen::MatrixXd x) const;
  double coordinate_error() const;
  // A bound on |x - V V'x| / |x| over all columns.
  double distance(Eigen::MatrixXd x) const;

 private:
  double rounding_of_rest() const;

  Eigen::MatrixXd high_;    // leading digits of the basis Q
  Eigen::MatrixXd low_;     // Q - high_
  Eigen::MatrixXd defect_;  // Q'Q - I
};

}  // namespace shapcpp
