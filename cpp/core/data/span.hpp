// An orthonormal basis of the span of a few long vectors, and coordinates in it with a known error.
//
// The method that computes the basis does not matter: nearly exact products measure how far the
// basis is from orthonormal, and how far the vectors are from its span. docs/engine.md has the
// argument.
#pragma once

#include <Eigen/Core>
#include <functional>

#include "core/run/checkpoint.hpp"

namespace shapcpp {

class Span {
 public:
  // The span of the columns of `vectors`, a matrix taller than wide, which is overwritten.
  Span(Eigen::MatrixXd vectors, const Checkpoint& checkpoint);

  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  Eigen::Index dimension() const { return dimension_; }
  // For each column x the coordinates z with |z - V'x| <= coordinate_error() |x|, where V is
  // orthonormal and spans what the basis spans.
  Eigen::MatrixXd coordinates(Eigen::MatrixXd x) const;
  double coordinate_error() const;
  // A bound on |x - V V'x| / |x| over all columns of all batches.
  using Batches = std::function<void(const std::function<void(Eigen::MatrixXd)>& take)>;
  double distance(const Batches& batches) const;

 private:
  double rounding_of_rest() const;

  Eigen::Index dimension_;
  // Filled up with columns of zeros.
  Rows high_;    // leading digits of the basis Q
  Rows low_;     // Q - high_
  Rows defect_;  // Q'Q - I
};

}  // namespace shapcpp
