#include "tally.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "storage.hpp"

namespace shapcpp {

Tally::Tally(std::size_t n_players, std::size_t n_classes)
    : n_players_(n_players),
      n_classes_(n_classes),
      gains_(checked_product(n_players, n_classes, "a tally")),
      products_(checked_product(gains_.size(), n_classes, "a tally")) {}

void Tally::add(std::uint64_t index, std::span<const std::int64_t> order,
                std::span<const std::int64_t> path, std::int64_t uncertified,
                const Statistics& statistics) {
  const std::int64_t bound = bound_with(path, index);
  std::int64_t all_uncertified = 0;
  if (__builtin_add_overflow(uncertified_, uncertified, &all_uncertified))
    throw std::overflow_error("the count of uncertified predictions does not fit 64 bits");
  mark_done(index);
  bound_ = bound;
  uncertified_ = all_uncertified;
  const std::size_t k = n_classes_;
  for (std::size_t step = 0; step < order.size(); ++step) {
    const auto player = static_cast<std::size_t>(order[step]);
    const std::int64_t* before = path.data() + step * k;
    const std::int64_t* after = before + k;
    std::int64_t* products = products_.data() + player * k * k;
    for (std::size_t a = 0; a < k; ++a) {
      const std::int64_t change = after[a] - before[a];
      gains_[player * k + a] += change;
      for (std::size_t b = 0; b < k; ++b) products[a * k + b] += change * (after[b] - before[b]);
    }
  }
  statistics_ += statistics;
}

std::int64_t Tally::bound_with(std::span<const std::int64_t> path, std::uint64_t index) const {
  std::uint64_t largest = 0;
  bool fits = true;
  for (std::size_t i = n_classes_; i < path.size(); ++i) {
    std::int64_t change = 0;
    fits = fits && !__builtin_sub_overflow(path[i], path[i - n_classes_], &change);
    const auto size = static_cast<std::uint64_t>(change);
    largest = std::max(largest, change < 0 ? 0 - size : size);
  }
  std::int64_t bound = 0;
  fits = fits && !__builtin_mul_overflow(largest, largest, &bound) &&
         !__builtin_add_overflow(bound, bound_, &bound);
  if (!fits)
    throw std::overflow_error("permutation " + std::to_string(index) + " with changes of up to " +
                              std::to_string(largest) + " could overflow the 64-bit sums");
  return bound;
}

void Tally::mark_done(std::uint64_t index) {
  if (index >= INT64_MAX)
    throw std::invalid_argument("permutation " + std::to_string(index) + " is beyond 2^63");
  const auto next = std::upper_bound(
      ranges_.begin(), ranges_.end(), index,
      [](std::uint64_t value, const IndexRange& range) { return value < range.first; });
  const bool has_left = next != ranges_.begin();
  if (has_left && index < (next - 1)->end)
    throw std::invalid_argument("permutation " + std::to_string(index) + " was already added");
  const bool joins_left = has_left && (next - 1)->end == index;
  const bool joins_right = next != ranges_.end() && next->first == index + 1;
  if (joins_left && joins_right) {
    (next - 1)->end = next->end;
    ranges_.erase(next);
  } else if (joins_left) {
    ++(next - 1)->end;
  } else if (joins_right) {
    --next->first;
  } else {
    ranges_.insert(next, IndexRange{index, index + 1});
  }
}

}  // namespace shapcpp
