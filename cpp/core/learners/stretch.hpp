// Where the optimum is, in terms of a Newton step from the anchor of a path (Lemma 31).
#pragma once

#include <limits>

namespace shapcpp {

// The way from the anchor to the optimum is a matrix times the step, whose eigenvalues in the norm
// of H lie between `least` and `most`.
struct Stretch {
  double least = 1;
  double most = 1;
  double middle = 1;
  double radius = std::numeric_limits<double>::infinity();  // around `middle` times the step
  double growth = 1;  // curvatures at the optimum are within this factor of those in H
};

// What is known of the anchor and of the step from it.
struct KnownStep {
  double length;    // |step|_H
  double error;     // of the model's equation that it solves, in the norm of H^-1
  double leverage;  // of all members
  double growth;    // curvatures at the anchor are at most this factor larger than those in H,
  double decline;   // and those in H at most this factor larger than they
  double share;     // by which norms in the H that is kept are enlarged for its rounding
};

// Infinitely far where the step is too long to tell.
inline Stretch stretch_of(const KnownStep& step) {
  const double x = step.share * step.leverage * step.decline * (step.length + step.error);
  Stretch stretch;
  if (!(x < 0.5)) return stretch;
  stretch.most = step.decline * (1 - x / 2) / (1 - x);
  stretch.least = (1 + x / 2) * (1 - x) / step.growth;
  stretch.middle = (stretch.most + stretch.least) / 2;
  stretch.radius =
      step.share * ((stretch.most - stretch.least) / 2 * step.length + stretch.most * step.error);
  stretch.growth = step.growth / (1 - x);
  return stretch;
}

}  // namespace shapcpp
