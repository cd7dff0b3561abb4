#include "core/samplers/composition_control.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/numerics/storage.hpp"
#include "core/samplers/permutation.hpp"
#include "core/samplers/permutation_sampler.hpp"

namespace shapcpp {
namespace {

constexpr std::uint64_t kPilot = 100;                // permutations
constexpr std::uint64_t kFirstOfPilot = 1ULL << 63;  // runs end below
constexpr std::int64_t kShrinkage = 3;               // observations that a prior counts for

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

// Takes the scores of coalitions with the number of members of each class.
class CompositionRecorder final : public Recorder {
 public:
  using Members = std::vector<std::size_t>;
  using Take = std::function<void(const Members&, std::span<const std::int64_t>)>;
  CompositionRecorder(std::size_t n_classes, std::function<std::size_t(std::int64_t)> class_of,
                      Take take)
      : class_of_(std::move(class_of)), take_(std::move(take)), members_(n_classes) {}

  void record(const Join& join, std::span<const std::int64_t>,
              std::span<const std::int64_t> after) override {
    if (join.size == 0) members_.assign(members_.size(), 0);
    ++members_[class_of_(join.player)];
    take_(members_, after);
  }
  void adjust(std::int64_t, std::span<const std::int64_t>) override {}

 private:
  std::function<std::size_t(std::int64_t)> class_of_;
  Take take_;
  Members members_;
};

}  // namespace

CompositionControl::CompositionControl(const GameFactory& game, std::uint64_t seed,
                                       const Checkpoint& checkpoint)
    : classes_(game.player_classes()), n_classes_(game.width()) {
  if (classes_.empty() || n_classes_ < 2)
    throw std::invalid_argument("a composition control needs classes, one sample per player");
  const std::size_t joins = std::min(classes_.size(), kLargest);
  std::vector<std::int64_t> order(classes_.size());
  counts_.assign(checked_product(kLengths * kLengths, n_classes_, "a control"), 0);
  values_ = counts_;
  Table sums = counts_;
  Table seen = counts_;
  CompositionRecorder recorder(
      n_classes_, [this](std::int64_t player) { return class_of(player); },
      [&](const auto& members, std::span<const std::int64_t> counts) {
        const std::size_t size = std::accumulate(members.begin(), members.end(), std::size_t{0});
        for (std::size_t k = 0; k < n_classes_; ++k) {
          const std::size_t a = n_classes_ == 2 ? members[0] : members[k];
          const std::size_t at = cell(a, size - a, k);
          ++seen[at];
          sums[at] += counts[k];
        }
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
  std::vector<std::int64_t> counts(n_classes_);
  game.clear();
  open_ += game.score(counts);
  for (std::size_t k = 0; k < n_classes_; ++k) counts_[cell(0, 0, k)] = counts[k];
  for (std::size_t only = 0; only < n_classes_; ++only) {
    const auto player = std::find(classes_.begin(), classes_.end(), only);
    if (player == classes_.end()) continue;
    game.clear();
    game.join(player - classes_.begin());
    open_ += game.score(counts);
    for (std::size_t k = 0; k < n_classes_; ++k) {
      if (n_classes_ > 2 && k != only) continue;
      for (std::size_t size = 1; size < kLengths; ++size)
        counts_[side(k, only) == 0 ? cell(size, 0, k) : cell(0, size, k)] = counts[k];
    }
  }
}

void CompositionControl::set_counts(const Table& sums, const Table& seen) {
  // Only with two classes is the other side one class, whose counts are known.
  const std::size_t least = n_classes_ == 2 ? 1 : 0;
  for (std::size_t k = 0; k < n_classes_; ++k) {
    std::int64_t all = 0;
    std::int64_t times = 0;
    for (std::size_t a = 1; a < kLengths; ++a)
      for (std::size_t b = 1; a + b < kLengths; ++b) {
        all += sums[cell(a, b, k)];
        times += seen[cell(a, b, k)];
      }
    const std::int64_t everywhere = times > 0 ? all / times : 0;
    for (std::size_t size = 1; size < kLengths; ++size) {
      for (std::size_t a = least; a < size; ++a) {
        const std::size_t b = size - a;
        // Cells that were rarely seen are shrunk towards the cells with one member less on either
        // side.
        const auto of_zero = static_cast<std::int64_t>(a > 1 ? a : 0);
        const auto of_one = static_cast<std::int64_t>(b > 1 ? b : 0);
        std::int64_t prior = everywhere;
        if (of_zero + of_one > 0) {
          prior = (of_zero > 0 ? of_zero * count(a - 1, b, k) : 0) +
                  (of_one > 0 ? of_one * count(a, b - 1, k) : 0);
          prior /= of_zero + of_one;
        }
        const std::int64_t total = seen[cell(a, b, k)] + kShrinkage;
        counts_[cell(a, b, k)] = (sums[cell(a, b, k)] + kShrinkage * prior + total / 2) / total;
      }
    }
  }
}

// The last to join is the member itself, another of its side, or one of the other side.
void CompositionControl::set_values() {
  for (std::size_t k = 0; k < n_classes_; ++k)
    for (std::size_t size = 1; size < kLengths; ++size)
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
  std::vector<std::int64_t> changes(players.size() * n_classes_);
  for (std::size_t k = 0; k < n_classes_; ++k) {
    Sizes sizes{};
    for (const std::int64_t player : players) ++sizes[side(k, class_of(player))];
    const auto due = due_to_sides(sizes, k, words);
    std::array<std::int64_t, kSides> each{};
    std::array<std::int64_t, kSides> one_more{};
    for (std::size_t s = 0; s < kSides; ++s) {
      const auto size = static_cast<std::int64_t>(std::max<std::size_t>(sizes[s], 1));
      each[s] = floor_division(due[s], size);
      one_more[s] = due[s] - each[s] * size;
    }
    Sizes joined{};
    std::int64_t before = count(0, 0, k);
    for (std::size_t i = 0; i < players.size(); ++i) {
      const std::size_t s = side(k, class_of(players[i]));
      const bool is_early = static_cast<std::int64_t>(joined[s]) < one_more[s];
      ++joined[s];
      const std::int64_t after = count(joined[0], joined[1], k);
      changes[i * n_classes_ + k] = share * (each[s] + (is_early ? 1 : 0) - (after - before));
      before = after;
    }
  }
  for (std::size_t i = 0; i < players.size(); ++i)
    recorder.adjust(players[i], std::span(changes).subspan(i * n_classes_, n_classes_));
}

// Side 0 is due its members' values, rounded up or down with the probability that keeps the mean;
// side 1 is due the rest. Both are dealt out in whole numbers, with one more to those who joined
// first.
std::array<std::int64_t, CompositionControl::kSides> CompositionControl::due_to_sides(
    const Sizes& sizes, std::size_t k, RandomWords& words) const {
  const auto [a, b] = sizes;
  const auto fraction = static_cast<std::int64_t>(words.below(kDenominator));
  const std::int64_t exact = static_cast<std::int64_t>(a) * values_[cell(a, b, k)];
  const std::int64_t first = floor_division(exact + fraction, kDenominator);
  return {first, count(a, b, k) - count(0, 0, k) - first};
}

}  // namespace shapcpp
