#include "core/samplers/composition_control.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/samplers/permutation.hpp"

namespace shapcpp {
namespace {

constexpr std::uint64_t kPilot = 100;                // permutations
constexpr std::uint64_t kFirstOfPilot = 1ULL << 63;  // runs end below
constexpr std::int64_t kShrinkage = 3;  // how many times more what a smaller coalition says counts

// A multiple of n C(n - 1, k) for all n up to kLargest: the denominators of Shapley values.
constexpr std::int64_t kDenominator = [] {
  std::int64_t multiple = 1;
  for (std::size_t n = 1; n <= CompositionControl::kLargest; ++n)
    multiple = std::lcm(multiple, static_cast<std::int64_t>(n));
  return multiple;
}();

std::int64_t floor_division(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

CompositionControl::CompositionControl(const Problem& problem, Method method, std::uint64_t seed,
                                       const Checkpoint& checkpoint)
    : problem_(problem) {
  if (problem.n_classes() != kClasses || problem.n_players() != problem.n_samples())
    throw std::invalid_argument("a composition control needs two classes, one sample per player");
  const std::size_t joins = std::min(problem.n_players(), kLargest);
  std::vector<std::int64_t> order(problem.n_players());
  std::vector<std::int64_t> path((joins + 1) * kClasses);
  Table sums{};
  std::array<std::int64_t, kSide * kSide> seen{};
  Walk walk(problem, method, checkpoint);
  for (std::uint64_t t = 0; t < kPilot; ++t) {
    fill_permutation(seed, kFirstOfPilot + t, order);
    uncertified_ += walk.beginning(std::span(order).first(joins), path);
    std::array<std::size_t, kClasses> members{};
    for (std::size_t step = 1; step <= joins; ++step) {
      ++members[class_of(order[step - 1])];
      ++seen[members[0] * kSide + members[1]];
      for (std::size_t k = 0; k < kClasses; ++k)
        sums[cell(members[0], members[1], k)] += path[step * kClasses + k];
    }
  }
  set_counts(sums, seen);
  set_values();
}

void CompositionControl::set_counts(std::span<const std::int64_t> sums,
                                    std::span<const std::int64_t> seen) {
  const bool carries = problem_.single_class() == SingleClass::kCarry;
  const Counts& empty = problem_.empty_counts();
  for (std::size_t k = 0; k < kClasses; ++k) {
    std::int64_t all = 0;
    std::int64_t times = 0;
    for (std::size_t a = 1; a < kSide; ++a)
      for (std::size_t b = 1; a + b < kSide; ++b) {
        all += sums[cell(a, b, k)];
        times += seen[a * kSide + b];
      }
    const std::int64_t everywhere = times > 0 ? all / times : 0;
    counts_[cell(0, 0, k)] = empty[k];
    for (std::size_t size = 1; size < kSide; ++size) {
      for (std::size_t only = 0; only < kClasses; ++only) {
        const std::int64_t constant = only == k ? problem_.test_counts()[k] : 0;
        counts_[only == 0 ? cell(size, 0, k) : cell(0, size, k)] = carries ? empty[k] : constant;
      }
      for (std::size_t a = 1; a < size; ++a) {
        const std::size_t b = size - a;
        // Cells seen rarely are drawn towards what one member less of either class says.
        const auto of_zero = static_cast<std::int64_t>(a > 1 ? a : 0);
        const auto of_one = static_cast<std::int64_t>(b > 1 ? b : 0);
        const std::int64_t prior =
            of_zero + of_one == 0
                ? everywhere
                : (of_zero * count(a - 1, b, k) + of_one * count(a, b - 1, k)) / (of_zero + of_one);
        const std::int64_t total = seen[a * kSide + b] + kShrinkage;
        counts_[cell(a, b, k)] = (sums[cell(a, b, k)] + kShrinkage * prior + total / 2) / total;
      }
    }
  }
}

// The last to join is the member itself, another of its class, or one of the other class.
void CompositionControl::set_values() {
  for (std::size_t k = 0; k < kClasses; ++k)
    for (std::size_t size = 1; size < kSide; ++size)
      for (std::size_t a = 1; a <= size; ++a) {
        const std::size_t b = size - a;
        std::int64_t sum = kDenominator * (count(a, b, k) - count(a - 1, b, k));
        sum += static_cast<std::int64_t>(a - 1) * values_[cell(a - 1, b, k)];
        if (b > 0) sum += static_cast<std::int64_t>(b) * values_[cell(a, b - 1, k)];
        values_[cell(a, b, k)] = sum / static_cast<std::int64_t>(size);
      }
}

void CompositionControl::add(std::span<const std::int64_t> order, const Block& block,
                             RandomWords& words, std::span<std::int64_t> gains) const {
  if (block.is_leaf(kLargest)) {
    add_to_leaf(order.subspan(block.first, block.size()), block.share, words, gains);
  } else {
    add(order, block.left(), words, gains);
    add(order, block.right(), words, gains);
  }
}

void CompositionControl::add_to_leaf(std::span<const std::int64_t> players, std::int64_t share,
                                     RandomWords& words, std::span<std::int64_t> gains) const {
  std::array<std::size_t, kClasses> sizes{};
  for (const std::int64_t player : players) ++sizes[class_of(player)];
  const auto [a, b] = sizes;
  for (std::size_t k = 0; k < kClasses; ++k) {
    // Class 0 is due `a` values, rounded up or down with the probability that keeps the mean; class
    // 1 the rest. Both are dealt out in whole numbers, one more to those who joined first.
    const auto fraction = static_cast<std::int64_t>(words.below(kDenominator));
    const std::int64_t exact = static_cast<std::int64_t>(a) * values_[cell(a, b, k)];
    std::array<std::int64_t, kClasses> due{floor_division(exact + fraction, kDenominator), 0};
    due[1] = count(a, b, k) - count(0, 0, k) - due[0];
    std::array<std::int64_t, kClasses> each{};
    std::array<std::int64_t, kClasses> one_more{};
    for (std::size_t c = 0; c < kClasses; ++c) {
      const auto size = static_cast<std::int64_t>(std::max<std::size_t>(sizes[c], 1));
      each[c] = floor_division(due[c], size);
      one_more[c] = due[c] - each[c] * size;
    }
    std::array<std::size_t, kClasses> joined{};
    std::int64_t before = count(0, 0, k);
    for (const std::int64_t player : players) {
      const std::size_t c = class_of(player);
      const bool is_early = static_cast<std::int64_t>(joined[c]) < one_more[c];
      ++joined[c];
      const std::int64_t after = count(joined[0], joined[1], k);
      gains[static_cast<std::size_t>(player) * kClasses + k] +=
          share * (each[c] + (is_early ? 1 : 0) - (after - before));
      before = after;
    }
  }
}

}  // namespace shapcpp
