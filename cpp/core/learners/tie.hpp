// When a margin is a tie, and when zero says nothing.
#pragma once

#include <cmath>

#include "core/learners/members.hpp"
#include "core/learners/scores.hpp"

namespace shapcpp {

// The width of a tie, as a multiple of the rounding of a gradient: more than the radius of a fit.
constexpr double kTieWidth = 4;

struct Tie {
  double width = 0;  // a margin is a tie if it is no larger
  double most = 0;   // a tie that is wider is uncertified

  Tie& operator+=(const Tie& other) {
    width += other.width;
    most += other.most;
    return *this;
  }
};

// A tie is narrow against the sum of the sizes of the margin's terms, or both against its standard
// error |x|_{H^-1} and against all that features can add to a margin; else it is uncertified.
Tie tie_of(double width, double standard_error, double terms, double feature_reach);

// Bound on what the features add to the margin of a sample no larger than the members. The
// residuals balance the penalty at the optimum, so |w_j| is at most the sum of a_i |x_ij| over
// L_jj. Infinite where no feature of the members varies: margins are then those of the classes'
// sizes alone.
double feature_reach(const Members& members);

// The verdict on a margin whose error is at most the width of a tie. A margin at the edge of a tie
// is computed anew by `exact()`, so that the verdict does not depend on the instruction set.
template <class Exact>
Verdict settle_margin(double margin, const Tie& tie, const Exact& exact) {
  if (std::abs(margin) > tie.width / 2 && std::abs(margin) < 2 * tie.width) margin = exact();
  if (std::abs(margin) > tie.width) return margin > 0 ? Verdict::kLeads : Verdict::kTrails;
  return std::isfinite(tie.width) && tie.width <= tie.most ? Verdict::kTie : Verdict::kUncertified;
}

}  // namespace shapcpp
