#include "core/samplers/permutation_sampler.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace shapcpp {
namespace {

// The last player leads to the score `known` if that is given; coalitions of `sizes` vote.
OpenSigns walk(Game& game, std::span<const std::int64_t> order, const Score* known,
               std::span<const std::size_t> sizes, Recorder& recorder) {
  std::vector<std::int64_t> before(game.width());
  std::vector<std::int64_t> after(game.width());
  const std::size_t n = order.size();
  std::size_t level = 0;
  game.clear();
  OpenSigns open = game.score(before);
  for (std::size_t step = 0; step < n; ++step) {
    const std::int64_t soon = order[std::min(step + kPrefetchDistance, n - 1)];
    game.expect(soon);
    recorder.expect(soon);
    game.join(order[step]);
    if (step + 1 == n && known != nullptr) {
      after = known->values;
      open += known->open;
    } else {
      open += game.score(after);
    }
    if (level < sizes.size() && sizes[level] == step + 1) hold_vote(game, level++, recorder);
    recorder.record({order[step], step, 1}, before, after);
    before.swap(after);
  }
  return open;
}

}  // namespace

OpenSigns PermutationSampler::play(Game& game, std::span<const std::int64_t> order, RandomWords,
                                   const Score& grand, Recorder& recorder) const {
  if (order.size() != game.n_players())
    throw std::invalid_argument("an order needs each player once");
  return walk(game, order, &grand, votes(order.size()).sizes, recorder);
}

OpenSigns PermutationSampler::play_beginning(Game& game, std::span<const std::int64_t> order,
                                             std::size_t joins, Recorder& recorder) {
  return walk(game, order.first(joins), nullptr, {}, recorder);
}

VotePlan PermutationSampler::votes(std::size_t n_players) {
  VotePlan plan;
  for (std::size_t size = kFewestVoters; size < n_players; size *= 2) plan.sizes.push_back(size);
  if (n_players > 1 && (plan.sizes.empty() || plan.sizes.back() + 1 < n_players))
    plan.sizes.push_back(n_players - 1);
  plan.ballots = plan.sizes.size();
  return plan;
}

}  // namespace shapcpp
