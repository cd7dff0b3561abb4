// Integer sums of marginal contributions: the whole result of a run, whoever did the walking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/recorders/ballots.hpp"
#include "core/recorders/moments.hpp"
#include "core/recorders/recorder.hpp"
#include "core/run/open_signs.hpp"
#include "core/run/run_shape.hpp"
#include "core/run/statistics.hpp"

namespace shapcpp {

// Sums are integers, so they do not depend on the order in which permutations are added.
class Tally {
 public:
  // `weights` as `Moments` takes them.
  Tally(std::size_t n_players, std::size_t width, std::span<const std::int64_t> weights = {},
        const VoteShape& votes = {});

  // Bytes that it allocates, votes included.
  static double bytes(const RunShape& shape);

  // Adds the permutations of `done`, whose contributions are summed in `changes` and count as one
  // unit: `moments` takes up the products of these sums. Throws std::overflow_error, and adds
  // nothing, if sums might no longer fit.
  void add(IndexRange done, std::span<const std::int64_t> changes, const Ballots& ballots,
           const OpenSigns& open, const Statistics& statistics);

  std::size_t n_players() const { return n_players_; }
  std::size_t width() const { return width_; }

  // (n_players, width): sums of the changes in correct predictions.
  const std::vector<std::int64_t>& gains() const { return gains_; }
  // Sums over units of the products of these changes.
  const Moments& moments() const { return moments_; }
  const Votes& votes() const { return votes_; }
  // Decisions left open.
  const OpenSigns& open() const { return open_; }
  const Statistics& statistics() const { return statistics_; }
  // The permutations added, as few sorted ranges as possible.
  const std::vector<IndexRange>& ranges() const { return ranges_; }

 private:
  std::int64_t bound_with(std::uint64_t largest, std::uint64_t index) const;
  void mark_done(IndexRange done);

  std::size_t n_players_;
  std::size_t width_;
  std::vector<std::int64_t> gains_;
  Moments moments_;
  Votes votes_;
  // The sum over permutations of the square of the largest number in each: on all sums.
  std::int64_t bound_ = 0;
  OpenSigns open_;
  Statistics statistics_;
  std::vector<IndexRange> ranges_;
};

}  // namespace shapcpp
