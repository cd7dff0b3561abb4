// Integer sums of marginal contributions: the whole result of a run, whatever did the walking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/run/statistics.hpp"

namespace shapcpp {

// Half-open range of indices of permutations.
struct IndexRange {
  std::uint64_t first;
  std::uint64_t end;
  bool operator==(const IndexRange&) const = default;
};

// Sums are integers, so they do not depend on the order in which permutations are added.
class Tally {
 public:
  Tally(std::size_t n_players, std::size_t n_classes);

  // Adds the permutations of `done`, whose contributions are summed in `changes` and count as one
  // unit: `products` takes up the products of these sums. Throws std::overflow_error, and adds
  // nothing, if sums might no longer fit.
  void add(IndexRange done, std::span<const std::int64_t> changes, std::int64_t uncertified,
           const Statistics& statistics);

  std::size_t n_players() const { return n_players_; }
  std::size_t n_classes() const { return n_classes_; }

  // (n_players, n_classes): sums of the changes in correct predictions.
  const std::vector<std::int64_t>& gains() const { return gains_; }
  // (n_players, n_classes, n_classes): sums over units of the products of those changes.
  const std::vector<std::int64_t>& products() const { return products_; }
  std::int64_t uncertified() const { return uncertified_; }
  const Statistics& statistics() const { return statistics_; }
  // The permutations added, as few sorted ranges as possible.
  const std::vector<IndexRange>& ranges() const { return ranges_; }

 private:
  std::int64_t bound_with(std::span<const std::int64_t> changes, std::uint64_t index) const;
  void mark_done(IndexRange done);

  std::size_t n_players_;
  std::size_t n_classes_;
  std::vector<std::int64_t> gains_;
  std::vector<std::int64_t> products_;
  // The sum over permutations of the square of the largest change in each: on all sums.
  std::int64_t bound_ = 0;
  std::int64_t uncertified_ = 0;
  Statistics statistics_;
  std::vector<IndexRange> ranges_;
};

// Adds what each player changed when it joined to `changes`, (n_players, n_classes). `path` holds
// the counts of correct predictions per class of the coalitions of the first 0, 1, ..., n players
// of `order`, (n_players + 1) * n_classes of them.
void add_changes(std::span<const std::int64_t> order, std::span<const std::int64_t> path,
                 std::span<std::int64_t> changes);

}  // namespace shapcpp
