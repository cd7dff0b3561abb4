#include "tally.hpp"

#include <algorithm>
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
  mark_done(index);
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
  uncertified_ += uncertified;
  statistics_ += statistics;
}

void Tally::mark_done(std::uint64_t index) {
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
