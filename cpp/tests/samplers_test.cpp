// Samplers on games whose values are known, with recorders that they report to.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/recorders/changes.hpp"
#include "core/samplers/block.hpp"
#include "core/samplers/halving_sampler.hpp"
#include "core/samplers/permutation.hpp"
#include "core/samplers/permutation_sampler.hpp"
#include "parallel/permutations.hpp"
#include "tests/check.hpp"
#include "tests/games.hpp"

namespace shapcpp::tests {
namespace {

const Checkpoint kGoOn = [] {};

// One game of a factory, and the score of its grand coalition.
struct Table {
  explicit Table(const GameFactory& factory)
      : game(factory.make({kGoOn, statistics})), grand(grand_coalition(*game)) {}
  Statistics statistics;
  std::unique_ptr<Game> game;
  Score grand;
};

// Sums of the changes over all orders of the players.
Integers over_all_orders(const GameFactory& factory, const Sampler& sampler) {
  Table table(factory);
  Changes changes(factory.n_players(), factory.width());
  Integers order(factory.n_players());
  std::iota(order.begin(), order.end(), 0);
  do {
    static_cast<void>(sampler.play(*table.game, order, RandomWords(0, 0), table.grand, changes));
  } while (std::next_permutation(order.begin(), order.end()));
  return changes.values();
}

std::int64_t factorial(std::size_t n) {
  std::int64_t product = 1;
  for (std::size_t k = 2; k <= n; ++k) product *= static_cast<std::int64_t>(k);
  return product;
}

Integers times(Integers values, std::int64_t factor) {
  for (std::int64_t& value : values) value *= factor;
  return values;
}

// A hundred planes of ten sizes, as in Castro, Gomez and Tejada (2009).
Integers hundred_planes() {
  Integers costs;
  const Integers sizes{8, 12, 6, 14, 8, 9, 13, 10, 10, 10};
  for (std::size_t k = 0; k < sizes.size(); ++k)
    costs.insert(costs.end(), static_cast<std::size_t>(sizes[k]), static_cast<std::int64_t>(k) + 1);
  return costs;
}

TEST("all orders give the airport game's closed form, plain or halved down to any leaf") {
  const Integers costs{1, 2, 2, 4, 5, 7};
  const Maker<AirportGame> airport(costs);
  const Integers expected = airport_values(costs, factorial(costs.size()));
  CHECK(over_all_orders(airport, PermutationSampler()) == expected);
  for (const std::size_t leaf : {1, 2, 3, 6, 7}) {
    const HalvingSampler halving(leaf);
    CHECK(over_all_orders(airport, halving) == times(expected, halving.unit(costs.size())));
  }
}

TEST("all orders of the composition game treat members of a class alike and add up") {
  const Maker<CompositionGame> composition({0, 1, 1, 0, 1});
  const Integers sums = over_all_orders(composition, PermutationSampler());
  CHECK(sums[2] == sums[4] && sums[2] == sums[8] && sums[3] == sums[5] && sums[3] == sums[9]);
  CHECK(sums[0] == sums[6] && sums[1] == sums[7]);
  // The second score is 3 for each member of class 0, whatever the coalition.
  CHECK(sums[1] == 3 * factorial(5) && sums[3] == 0);
  CHECK(2 * sums[0] + 3 * sums[2] == factorial(5) * 9);
}

TEST("sampled values of a hundred planes lie within their errors") {
  const Integers costs = hundred_planes();
  const Maker<AirportGame> airport(costs);
  const Table table(airport);
  constexpr std::int64_t common = 570'850'800;  // of 100, 92, 80, 74, 60, 52, 43, 30, 20, 10
  const Integers exact = airport_values(costs, common);
  const HalvingSampler halving(1);
  const PermutationSampler plain;
  for (const Sampler* sampler :
       {static_cast<const Sampler*>(&plain), static_cast<const Sampler*>(&halving)}) {
    constexpr std::uint64_t kCount = 2000;
    Tally tally(costs.size(), 1);
    run_permutations(
        {airport, *sampler, table.grand, 3}, {0, kCount}, 2, [](std::uint64_t) {},
        [&] { return std::make_unique<TallyRecorder>(tally); });
    const auto unit = static_cast<double>(sampler->unit(costs.size()));
    double squares = 0;
    for (std::size_t i = 0; i < costs.size(); ++i) {
      const double mean = static_cast<double>(tally.gains()[i]) / kCount;
      const double variance =
          static_cast<double>(tally.moments().values()[i]) / kCount - mean * mean;
      const double value = static_cast<double>(exact[i]) / static_cast<double>(common) * unit;
      const double z = (mean - value) / std::sqrt(variance / kCount);
      CHECK(std::abs(z) < 4.5);
      squares += z * z / static_cast<double>(costs.size());
    }
    CHECK(squares < 2);
    CHECK(std::accumulate(tally.gains().begin(), tally.gains().end(), std::int64_t{0}) ==
          static_cast<std::int64_t>(kCount) * 10 * sampler->unit(costs.size()));
    CHECK((tally.ranges() == std::vector<IndexRange>{{0, kCount}}));
  }
}

TEST("a control adds nothing to a leaf, and halving with it still adds up") {
  Integers classes(40);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = i % 3 == 0 ? 1 : 0;
  const Maker<CompositionGame> composition(classes);
  const CompositionControl control(composition, 5, kGoOn);
  Integers order(classes.size());
  RandomWords words = fill_permutation(5, 0, order);
  const Block whole = Block::whole(order.size(), CompositionControl::kLargest);
  Changes adjusted(classes.size(), 2);
  control.adjust(order, whole, words, adjusted);
  for (const Block& half : {whole.left(), whole.right()})
    for (const Block& leaf : {half.left(), half.right()})
      for (std::size_t k = 0; k < 2; ++k) {
        std::int64_t sum = 0;
        for (std::size_t step = leaf.first; step < leaf.end; ++step)
          sum += adjusted.values()[static_cast<std::size_t>(order[step]) * 2 + k];
        CHECK(sum == 0);
      }
  CHECK(std::any_of(adjusted.values().begin(), adjusted.values().end(),
                    [](std::int64_t change) { return change != 0; }));

  Table table(composition);
  Changes changes(classes.size(), 2);
  const HalvingSampler halving(control);
  const OpenSigns open = halving.play(*table.game, order, words, table.grand, changes);
  CHECK(halving.open_beforehand() == control.open());
  const HalvingSampler without_control(CompositionControl::kLargest);
  Changes others(classes.size(), 2);
  CHECK(open == without_control.play(*table.game, order, words, table.grand, others));
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) sum += changes.values()[2 * i];
  CHECK(sum == halving.unit(classes.size()) * table.grand.values[0]);
}

TEST("a control needs a game that knows the classes of its players") {
  const Maker<AirportGame> airport({1, 2});
  CHECK_THROWS(std::invalid_argument, CompositionControl(airport, 0, kGoOn));
  CHECK(HalvingSampler::of(airport, 0, kGoOn).unit(8) == HalvingSampler(1).unit(8));
}

TEST("samplers refuse orders of another length and leaves of nobody") {
  const Maker<AirportGame> airport({1, 2, 3});
  Table table(airport);
  Changes changes(3, 1);
  const Integers order{0, 1};
  CHECK_THROWS(std::invalid_argument,
               PermutationSampler().play(*table.game, order, {0, 0}, table.grand, changes));
  CHECK_THROWS(std::invalid_argument,
               HalvingSampler(1).play(*table.game, order, {0, 0}, table.grand, changes));
  CHECK_THROWS(std::invalid_argument, HalvingSampler(0));
}

// A new recorder: changes by the size of the coalition that was joined.
class SizeRecorder final : public RunRecorder {
 public:
  explicit SizeRecorder(Integers& by_size) : by_size_(by_size), own_(by_size.size()) {}
  void record(const Join& join, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after) override {
    own_[join.size] += join.share * (after[0] - before[0]);
  }
  void adjust(std::int64_t, std::span<const std::int64_t>) override {}
  void commit(IndexRange, const OpenSigns&, const Statistics&) override {
    for (std::size_t size = 0; size < own_.size(); ++size)
      by_size_[size] += std::exchange(own_[size], 0);
  }

 private:
  Integers& by_size_;
  Integers own_;
};

TEST("another recorder rides on either sampler") {
  const Integers costs{1, 2, 3, 4, 5, 6, 7, 8};
  const Maker<AirportGame> airport(costs);
  const Table table(airport);
  const PermutationSampler plain;
  const HalvingSampler halving(1);
  const auto by_size = [&](const Sampler& sampler) {
    Integers sums(costs.size());
    run_permutations(
        {airport, sampler, table.grand, 1}, {0, 200}, 2, [](std::uint64_t) {},
        [&] { return std::make_unique<SizeRecorder>(sums); });
    return sums;
  };
  const Integers walked = by_size(plain);
  const Integers halved = by_size(halving);
  CHECK(std::accumulate(walked.begin(), walked.end(), std::int64_t{0}) == 200 * 8);
  CHECK(std::accumulate(halved.begin(), halved.end(), std::int64_t{0}) ==
        200 * 8 * halving.unit(costs.size()));
  // A player that joins a larger coalition changes less.
  CHECK(std::is_sorted(walked.rbegin(), walked.rend()));
}

TEST("what a recorder throws ends the run and keeps what was committed") {
  const Maker<AirportGame> airport({INT64_MAX / 2, 1});
  const Table table(airport);
  const PermutationSampler plain;
  Tally tally(2, 1);
  CHECK_THROWS(std::overflow_error,
               run_permutations(
                   {airport, plain, table.grand, 0}, {0, 9}, 2, [](std::uint64_t) {},
                   [&] { return std::make_unique<TallyRecorder>(tally); }));
  CHECK(tally.ranges().empty());
  CHECK(tally.gains()[0] == 0);
}

}  // namespace
}  // namespace shapcpp::tests
