// Counts of the engine's work, which explain why a data set is fast or slow. They add up like the
// tally.
#pragma once

#include <cstdint>

namespace shapcpp {

struct Statistics {
  std::int64_t joins = 0;             // of players to coalitions
  std::int64_t coalitions = 0;        // that were scored by an optimum
  std::int64_t without_pass = 0;      // coalitions certified without touching the members
  std::int64_t passes = 0;            // over the members, those of fits included
  std::int64_t hessian_builds = 0;    // those of fits included
  std::int64_t fits = 0;              // by Newton's method to the rounding floor
  std::int64_t references = 0;        // directions at which all test margins were computed
  std::int64_t test_evaluations = 0;  // test margins computed
  std::int64_t vote_ties = 0;         // votes that are ties,
  std::int64_t vote_uncertified = 0;  // and that double precision cannot tell: see OpenSigns

  Statistics& operator+=(const Statistics& other) {
    joins += other.joins;
    coalitions += other.coalitions;
    without_pass += other.without_pass;
    passes += other.passes;
    hessian_builds += other.hessian_builds;
    fits += other.fits;
    references += other.references;
    test_evaluations += other.test_evaluations;
    vote_ties += other.vote_ties;
    vote_uncertified += other.vote_uncertified;
    return *this;
  }
};

}  // namespace shapcpp
