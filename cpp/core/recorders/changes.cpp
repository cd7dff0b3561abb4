#include "core/recorders/changes.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/numerics/storage.hpp"

namespace shapcpp {
namespace {

[[noreturn]] void throw_overflow() {
  throw std::overflow_error("a change of counts could overflow the 64-bit sums");
}

}  // namespace

Changes::Changes(std::size_t n_players, std::size_t width)
    : width_(width), values_(checked_product(n_players, width, "the changes of a permutation")) {}

double Changes::bytes(const RunShape& s) {
  return kNumberBytes * s.players() * s.classes();
}

void Changes::clear() {
  std::fill(values_.begin(), values_.end(), 0);
}

void Changes::record(const Join& join, std::span<const std::int64_t> before,
                     std::span<const std::int64_t> after) {
  std::int64_t* sums = values_.data() + static_cast<std::size_t>(join.player) * width_;
  for (std::size_t k = 0; k < width_; ++k) {
    std::int64_t change = 0;
    if (__builtin_sub_overflow(after[k], before[k], &change) ||
        __builtin_mul_overflow(change, join.share, &change) ||
        __builtin_add_overflow(sums[k], change, &sums[k]))
      throw_overflow();
  }
}

void Changes::adjust(std::int64_t player, std::span<const std::int64_t> change) {
  std::int64_t* sums = values_.data() + static_cast<std::size_t>(player) * width_;
  for (std::size_t k = 0; k < width_; ++k)
    if (__builtin_add_overflow(sums[k], change[k], &sums[k])) throw_overflow();
}

}  // namespace shapcpp
