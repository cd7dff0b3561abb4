// The coalitions that vote, and the counting of votes.
#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <vector>

#include "core/recorders/ballots.hpp"
#include "core/recorders/changes.hpp"
#include "core/samplers/halving_sampler.hpp"
#include "core/samplers/permutation_sampler.hpp"
#include "parallel/permutations.hpp"
#include "tests/check.hpp"
#include "tests/games.hpp"

namespace shapcpp::tests {
namespace {

// Two samples for each player. A coalition predicts class 1 if it has an odd number of members.
class ParityGame final : public Game {
 public:
  explicit ParityGame(std::size_t n_players) : is_member_(n_players) {}
  std::size_t n_players() const override { return is_member_.size(); }
  std::size_t width() const override { return 1; }
  void clear() override { std::fill(is_member_.begin(), is_member_.end(), false); }
  void join(std::int64_t player) override { is_member_[static_cast<std::size_t>(player)] = true; }
  [[nodiscard]] OpenSigns score(std::span<std::int64_t> values) override {
    values[0] = std::count(is_member_.begin(), is_member_.end(), true);
    return {};
  }
  void vote(std::span<Prediction> ballot) override {
    const auto size = std::count(is_member_.begin(), is_member_.end(), true);
    for (std::size_t i = 0; i < ballot.size(); ++i)
      ballot[i] = is_member_[i / 2] ? kNoPrediction : static_cast<Prediction>(size % 2);
  }

 private:
  std::vector<bool> is_member_;
};

class ParityGames final : public GameFactory {
 public:
  explicit ParityGames(std::size_t n_players) : n_players_(n_players) {}
  std::size_t n_players() const override { return n_players_; }
  std::size_t width() const override { return 1; }
  std::unique_ptr<Game> make(const Context&) const override {
    return std::make_unique<ParityGame>(n_players_);
  }
  Predicted predicted() const override { return {2 * n_players_, 2}; }

 private:
  std::size_t n_players_;
};

// Votes at each size for class 0 and for class 1, over the samples.
using Sums = std::vector<std::array<std::int64_t, 2>>;

Sums votes_of(const Sampler& sampler, std::size_t n_players, std::size_t sizes) {
  constexpr std::uint64_t kOrders = 3;
  const ParityGames games(n_players);
  const Score grand{{static_cast<std::int64_t>(n_players)}, {}};
  Tally tally(n_players, 1, {}, {games.predicted(), sizes});
  run_permutations(
      {games, sampler, grand, 5}, {0, kOrders}, 2, [](std::uint64_t) {},
      [&] { return std::make_unique<TallyRecorder>(tally); });
  Integers counts(2 * n_players * sizes * 2);
  tally.votes().write(counts);
  Sums sums(sizes);
  for (std::size_t i = 0; i < counts.size(); ++i) sums[i / 2 % sizes][i % 2] += counts[i];
  for (auto& of_size : sums)
    for (auto& count : of_size) {
      CHECK(count % static_cast<std::int64_t>(2 * kOrders) == 0);
      count /= static_cast<std::int64_t>(2 * kOrders);
    }
  return sums;
}

TEST("plain orders vote at 16, 32, ... players and before the last one") {
  const VotePlan plan = PermutationSampler::votes(70);
  CHECK((plan.sizes == std::vector<std::size_t>{16, 32, 64, 69}));
  CHECK(plan.ballots == 4);
  CHECK((votes_of(PermutationSampler(), 70, 4) == Sums{{54, 0}, {38, 0}, {6, 0}, {0, 1}}));
}

TEST("blocks of each level vote on those outside, up to four of them") {
  const VotePlan plan = HalvingSampler::votes(150);
  CHECK((plan.sizes == std::vector<std::size_t>{75, 37, 18}));
  CHECK(plan.ballots == 10);
  // 75 and 75; 37, 38, 37 and 38; 18, 19, 18 and 19 of the eight blocks.
  const Sums expected{{0, 150}, {2 * 112, 2 * 113}, {2 * 132, 2 * 131}};
  for (const std::size_t leaf : {1, 16}) CHECK(votes_of(HalvingSampler(leaf), 150, 3) == expected);
}

TEST("votes are summed over sizes where one size stands for all") {
  CHECK((votes_of(PermutationSampler(), 70, 1) == Sums{{98, 1}}));
}

TEST("nobody votes where nothing is counted") {
  Ballots ballots(VoteShape{{10, 2}, 0});
  CHECK(ballots.add(0).empty());
  Votes votes(VoteShape{});
  votes.add(ballots);
  CHECK(votes.shape() == VoteShape{});
}

}  // namespace
}  // namespace shapcpp::tests
