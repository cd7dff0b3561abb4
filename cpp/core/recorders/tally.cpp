#include "core/recorders/tally.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/numerics/storage.hpp"

namespace shapcpp {

Tally::Tally(std::size_t n_players, std::size_t width, std::span<const std::int64_t> weights,
             const VoteShape& votes)
    : n_players_(n_players),
      width_(width),
      gains_(checked_product(n_players, width, "a tally")),
      moments_(n_players, width, weights),
      votes_(votes) {}

double Tally::bytes(const RunShape& s) {
  return kNumberBytes * s.players() * s.classes() +  // gains
         Moments::bytes(s) + Votes::bytes(s.samples(), s.vote_sizes, s.classes());
}

void Tally::add(IndexRange done, std::span<const std::int64_t> changes, const Ballots& ballots,
                const OpenSigns& open, const Statistics& statistics) {
  const std::int64_t bound = bound_with(moments_.take(changes), done.first);
  OpenSigns all_open = open_;
  if (!all_open.add(open))
    throw std::overflow_error("the count of open signs does not fit 64 bits");
  mark_done(done);
  bound_ = bound;
  open_ = all_open;
  for (std::size_t i = 0; i < gains_.size(); ++i) gains_[i] += changes[i];
  moments_.add();
  votes_.add(ballots);
  statistics_ += statistics;
}

std::int64_t Tally::bound_with(std::uint64_t largest, std::uint64_t index) const {
  std::int64_t bound = 0;
  if (__builtin_mul_overflow(largest, largest, &bound) ||
      __builtin_add_overflow(bound, bound_, &bound))
    throw std::overflow_error("permutation " + std::to_string(index) + " with changes of up to " +
                              std::to_string(largest) + " could overflow the 64-bit sums");
  return bound;
}

void Tally::mark_done(IndexRange done) {
  if (done.first >= INT64_MAX || done.end > INT64_MAX)
    throw std::invalid_argument("permutation " + std::to_string(done.first) + " is beyond 2^63");
  const auto next = std::upper_bound(
      ranges_.begin(), ranges_.end(), done.first,
      [](std::uint64_t value, const IndexRange& range) { return value < range.first; });
  const bool has_left = next != ranges_.begin();
  const bool has_right = next != ranges_.end();
  if ((has_left && done.first < (next - 1)->end) || (has_right && next->first < done.end))
    throw std::invalid_argument("permutation " + std::to_string(done.first) + " was already added");
  const bool joins_left = has_left && (next - 1)->end == done.first;
  const bool joins_right = has_right && next->first == done.end;
  if (joins_left && joins_right) {
    (next - 1)->end = next->end;
    ranges_.erase(next);
  } else if (joins_left) {
    (next - 1)->end = done.end;
  } else if (joins_right) {
    next->first = done.first;
  } else {
    ranges_.insert(next, done);
  }
}

}  // namespace shapcpp
