#include "core/recorders/moments.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/numerics/storage.hpp"

namespace shapcpp {
namespace {

std::uint64_t size_of(std::int64_t number) {
  const auto size = static_cast<std::uint64_t>(number);
  return number < 0 ? 0 - size : size;
}

}  // namespace

Moments::Moments(std::size_t n_players, std::size_t width, std::span<const std::int64_t> weights)
    : width_(width),
      weights_(weights.begin(), weights.end()),
      n_sums_(weights.size() / std::max<std::size_t>(width, 1)),
      columns_(weights.empty() ? checked_product(width, width, "a tally") : width + n_sums_),
      values_(checked_product(n_players, columns_, "a tally")),
      sums_(checked_product(n_players, n_sums_, "a tally")) {
  if (weights_.size() != n_sums_ * width)
    throw std::invalid_argument("a weighted sum needs one weight per class");
}

double Moments::bytes(const RunShape& s) {
  if (s.n_weighted == 0) return kNumberBytes * s.players() * s.classes() * s.classes();
  const auto n_sums = static_cast<double>(s.n_weighted);
  return kNumberBytes * s.players() * (s.classes() + 2 * n_sums);
}

std::uint64_t Moments::take(std::span<const std::int64_t> changes) {
  std::uint64_t largest = 0;
  for (const std::int64_t change : changes) largest = std::max(largest, size_of(change));
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const std::int64_t* change = changes.data() + i / n_sums_ * width_;
    const std::int64_t* weights = weights_.data() + i % n_sums_ * width_;
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < width_; ++k) {
      std::int64_t term = 0;
      if (__builtin_mul_overflow(change[k], weights[k], &term) ||
          __builtin_add_overflow(sum, term, &sum))
        throw std::overflow_error("a weighted sum of changes could overflow the 64-bit sums");
    }
    sums_[i] = sum;
    largest = std::max(largest, size_of(sum));
  }
  changes_ = changes;
  return largest;
}

void Moments::add() {
  const std::size_t k = width_;
  for (std::size_t first = 0, at = 0; at < changes_.size(); at += k, first += columns_) {
    const std::int64_t* change = changes_.data() + at;
    std::int64_t* values = values_.data() + first;
    if (has_all_pairs()) {
      for (std::size_t a = 0; a < k; ++a)
        for (std::size_t b = 0; b < k; ++b) values[a * k + b] += change[a] * change[b];
    } else {
      const std::int64_t* sums = sums_.data() + at / k * n_sums_;
      for (std::size_t a = 0; a < k; ++a) values[a] += change[a] * change[a];
      for (std::size_t j = 0; j < n_sums_; ++j) values[k + j] += sums[j] * sums[j];
    }
  }
}

}  // namespace shapcpp
