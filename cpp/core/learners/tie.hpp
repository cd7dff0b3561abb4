// Where a margin is a tie, and when zero says nothing.
#pragma once

#include <cmath>

#include "core/learners/scores.hpp"

namespace shapcpp {

struct Tie {
  double width = 0;  // a margin is a tie if it is no larger
  double most = 0;   // a tie that is wider is uncertified

  Tie& operator+=(const Tie& other) {
    width += other.width;
    most += other.most;
    return *this;
  }
};

// The verdict on a margin whose error is at most the width of a tie. One that lies where a tie
// begins is computed anew by `exact()`, so that no instruction set has a say in it.
template <class Exact>
Verdict settle_margin(double margin, const Tie& tie, const Exact& exact) {
  if (std::abs(margin) > tie.width / 2 && std::abs(margin) < 2 * tie.width) margin = exact();
  if (std::abs(margin) > tie.width) return margin > 0 ? Verdict::kLeads : Verdict::kTrails;
  return std::isfinite(tie.width) && tie.width <= tie.most ? Verdict::kTie : Verdict::kUncertified;
}

}  // namespace shapcpp
