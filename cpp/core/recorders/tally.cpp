#include "core/recorders/tally.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/numerics/storage.hpp"

namespace shapcpp {

Tally::Tally(std::size_t n_players, std::size_t n_classes)
    : n_players_(n_players),
      n_classes_(n_classes),
      gains_(checked_product(n_players, n_classes, "a tally")),
      products_(checked_product(gains_.size(), n_classes, "a tally")) {}

void Tally::add(IndexRange done, std::span<const std::int64_t> changes, std::int64_t uncertified,
                const Statistics& statistics) {
  const std::int64_t bound = bound_with(changes, done.first);
  std::int64_t all_uncertified = 0;
  if (__builtin_add_overflow(uncertified_, uncertified, &all_uncertified))
    throw std::overflow_error("the count of uncertified predictions does not fit 64 bits");
  mark_done(done);
  bound_ = bound;
  uncertified_ = all_uncertified;
  const std::size_t k = n_classes_;
  for (std::size_t i = 0; i < gains_.size(); ++i) gains_[i] += changes[i];
  for (std::size_t player = 0; player < n_players_; ++player) {
    const std::int64_t* change = changes.data() + player * k;
    std::int64_t* products = products_.data() + player * k * k;
    for (std::size_t a = 0; a < k; ++a)
      for (std::size_t b = 0; b < k; ++b) products[a * k + b] += change[a] * change[b];
  }
  statistics_ += statistics;
}

std::int64_t Tally::bound_with(std::span<const std::int64_t> changes, std::uint64_t index) const {
  std::uint64_t largest = 0;
  for (const std::int64_t change : changes) {
    const auto size = static_cast<std::uint64_t>(change);
    largest = std::max(largest, change < 0 ? 0 - size : size);
  }
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

void add_changes(std::span<const std::int64_t> order, std::span<const std::int64_t> path,
                 std::span<std::int64_t> changes) {
  const std::size_t k = changes.size() / order.size();
  for (std::size_t step = 0; step < order.size(); ++step) {
    const auto player = static_cast<std::size_t>(order[step]);
    const std::int64_t* before = path.data() + step * k;
    for (std::size_t a = 0; a < k; ++a) {
      std::int64_t change = 0;
      std::int64_t& sum = changes[player * k + a];
      if (__builtin_sub_overflow(before[k + a], before[a], &change) ||
          __builtin_add_overflow(sum, change, &sum))
        throw std::overflow_error("a change of counts could overflow the 64-bit sums");
    }
  }
}

}  // namespace shapcpp
