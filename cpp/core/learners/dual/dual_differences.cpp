#include "core/learners/dual/dual_differences.hpp"

#include <cmath>

#include "core/numerics/rounding.hpp"

namespace shapcpp {
namespace {

// Each regression has scores of two classes: its own class and the rest.
constexpr Pair kAgainstRest{1, 0};

}  // namespace

bool DualDifferences::knows(std::size_t k) const {
  return std::isfinite(of(k).bounds().radius);
}

void DualDifferences::write_weights(std::size_t k, std::span<double> weights) const {
  of(k).write_weights(kAgainstRest.leader, weights);
}

double DualDifferences::length(const Pair& pair) const {
  const auto leader = of(pair.leader).weights();
  const auto rival = of(pair.rival).weights();
  double squares = 0;
  for (std::size_t j = 0; j < leader.size(); ++j)
    squares += (leader[j] - rival[j]) * (leader[j] - rival[j]);
  return std::sqrt(squares);
}

double DualDifferences::reach(const Pair& pair) const {
  return share_of_reach(pair.leader) + share_of_reach(pair.rival);
}

// The difference of two weights rounds once.
double DualDifferences::share_of_reach(std::size_t k) const {
  return of(k).reach(kAgainstRest) + kRounding * of(k).length(kAgainstRest);
}

double DualDifferences::error(const Pair& pair, const AlignedVector& x, double norm) const {
  const double length = members_.gram().length(std::span(x).first(of(0).weights().size()));
  double error = 0;
  for (const std::size_t k : {pair.leader, pair.rival})
    error += of(k).error_at(length, norm) + kRounding * of(k).length(kAgainstRest) * norm;
  return error;
}

double DualDifferences::rounding(const Pair& pair) const {
  return of(pair.leader).rounding(kAgainstRest) + of(pair.rival).rounding(kAgainstRest);
}

}  // namespace shapcpp
