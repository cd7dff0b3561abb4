#include "core/samplers/composition_control.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/samplers/permutation.hpp"
#include "core/samplers/permutation_sampler.hpp"

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

// Sums the scores of coalitions by how many members of each class they have.
class CompositionRecorder final : public Recorder {
 public:
  using Members = std::array<std::size_t, 2>;
  using Take = std::function<void(const Members&, std::span<const std::int64_t>)>;
  CompositionRecorder(std::function<std::size_t(std::int64_t)> class_of, Take take)
      : class_of_(std::move(class_of)), take_(std::move(take)) {}

  void record(const Join& join, std::span<const std::int64_t>,
              std::span<const std::int64_t> after) override {
    if (join.size == 0) members_ = {};
    ++members_[class_of_(join.player)];
    take_(members_, after);
  }
  void adjust(std::int64_t, std::span<const std::int64_t>) override {}

 private:
  std::function<std::size_t(std::int64_t)> class_of_;
  Take take_;
  Members members_{};
};

}  // namespace

CompositionControl::CompositionControl(const GameFactory& game, std::uint64_t seed,
                                       const Checkpoint& checkpoint)
    : classes_(game.player_classes()) {
  if (classes_.empty() || game.width() != kClasses)
    throw std::invalid_argument("a composition control needs two classes, one sample per player");
  const std::size_t joins = std::min(classes_.size(), kLargest);
  std::vector<std::int64_t> order(classes_.size());
  Table sums{};
  std::array<std::int64_t, kSide * kSide> seen{};
  CompositionRecorder recorder([this](std::int64_t player) { return class_of(player); },
                               [&](const auto& members, std::span<const std::int64_t> counts) {
                                 ++seen[members[0] * kSide + members[1]];
                                 for (std::size_t k = 0; k < kClasses; ++k)
                                   sums[cell(members[0], members[1], k)] += counts[k];
                               });
  Statistics statistics;
  const auto played = game.make({checkpoint, statistics});
  for (std::uint64_t t = 0; t < kPilot; ++t) {
    fill_permutation(seed, kFirstOfPilot + t, order);
    open_ += PermutationSampler::play_beginning(*played, order, joins, recorder);
  }
  set_counts_of_one_class(*played);
  set_counts(sums, seen);
  set_values();
}

// All coalitions of one class score the same, as the empty one does by itself.
void CompositionControl::set_counts_of_one_class(Game& game) {
  std::array<std::int64_t, kClasses> counts{};
  const auto keep = [&](std::size_t a, std::size_t b) {
    for (std::size_t k = 0; k < kClasses; ++k) counts_[cell(a, b, k)] = counts[k];
  };
  game.clear();
  open_ += game.score(counts);
  keep(0, 0);
  for (std::size_t only = 0; only < kClasses; ++only) {
    const auto player = std::find(classes_.begin(), classes_.end(), only);
    if (player == classes_.end()) continue;
    game.clear();
    game.join(player - classes_.begin());
    open_ += game.score(counts);
    for (std::size_t size = 1; size < kSide; ++size) only == 0 ? keep(size, 0) : keep(0, size);
  }
}

void CompositionControl::set_counts(std::span<const std::int64_t> sums,
                                    std::span<const std::int64_t> seen) {
  for (std::size_t k = 0; k < kClasses; ++k) {
    std::int64_t all = 0;
    std::int64_t times = 0;
    for (std::size_t a = 1; a < kSide; ++a)
      for (std::size_t b = 1; a + b < kSide; ++b) {
        all += sums[cell(a, b, k)];
        times += seen[a * kSide + b];
      }
    const std::int64_t everywhere = times > 0 ? all / times : 0;
    for (std::size_t size = 1; size < kSide; ++size) {
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

void CompositionControl::adjust(std::span<const std::int64_t> order, const Block& block,
                                RandomWords& words, Recorder& recorder) const {
  if (block.is_leaf(kLargest)) {
    adjust_leaf(order.subspan(block.first, block.size()), block.share, words, recorder);
  } else {
    adjust(order, block.left(), words, recorder);
    adjust(order, block.right(), words, recorder);
  }
}

void CompositionControl::adjust_leaf(std::span<const std::int64_t> players, std::int64_t share,
                                     RandomWords& words, Recorder& recorder) const {
  std::array<std::size_t, kClasses> sizes{};
  for (const std::int64_t player : players) ++sizes[class_of(player)];
  std::array<std::array<std::int64_t, kClasses>, kLargest> changes{};
  for (std::size_t k = 0; k < kClasses; ++k) {
    const auto due = due_to_classes(sizes, k, words);
    std::array<std::int64_t, kClasses> each{};
    std::array<std::int64_t, kClasses> one_more{};
    for (std::size_t c = 0; c < kClasses; ++c) {
      const auto size = static_cast<std::int64_t>(std::max<std::size_t>(sizes[c], 1));
      each[c] = floor_division(due[c], size);
      one_more[c] = due[c] - each[c] * size;
    }
    std::array<std::size_t, kClasses> joined{};
    std::int64_t before = count(0, 0, k);
    for (std::size_t i = 0; i < players.size(); ++i) {
      const std::size_t c = class_of(players[i]);
      const bool is_early = static_cast<std::int64_t>(joined[c]) < one_more[c];
      ++joined[c];
      const std::int64_t after = count(joined[0], joined[1], k);
      changes[i][k] = share * (each[c] + (is_early ? 1 : 0) - (after - before));
      before = after;
    }
  }
  for (std::size_t i = 0; i < players.size(); ++i) recorder.adjust(players[i], changes[i]);
}

// Class 0 is due its members' values, rounded up or down with the probability that keeps the mean;
// class 1 is due the rest. Either is dealt out in whole numbers, one more to those who joined
// first.
std::array<std::int64_t, CompositionControl::kClasses> CompositionControl::due_to_classes(
    const std::array<std::size_t, kClasses>& sizes, std::size_t k, RandomWords& words) const {
  const auto [a, b] = sizes;
  const auto fraction = static_cast<std::int64_t>(words.below(kDenominator));
  const std::int64_t exact = static_cast<std::int64_t>(a) * values_[cell(a, b, k)];
  const std::int64_t first = floor_division(exact + fraction, kDenominator);
  return {first, count(a, b, k) - count(0, 0, k) - first};
}

}  // namespace shapcpp
