#include "core/samplers/halving_sampler.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/samplers/block.hpp"

namespace shapcpp {
namespace {

using Values = std::vector<std::int64_t>;

// The most blocks of a level that vote.
constexpr std::size_t kVotingBlocks = 4;

// Number of blocks at the level that halving reaches after this many cuts.
std::size_t voting_blocks(std::size_t cuts) {
  return cuts < 2 ? std::size_t{1} << cuts : kVotingBlocks;
}

// One pass of repeated halving over an order.
class Pass {
 public:
  Pass(Game& game, std::span<const std::int64_t> order, std::size_t leaf, const Score& grand,
       Recorder& recorder)
      : game_(game),
        order_(order),
        leaf_(leaf),
        recorder_(recorder),
        levels_(HalvingSampler::votes(order.size()).sizes.size()),
        after_(grand.values.size()) {
    const Block whole = Block::whole(order.size(), leaf);
    open_ = grand.open;
    play(whole, 0, 0, &grand.values);
  }

  const OpenSigns& open() const { return open_; }

 private:
  // Leaves the game at the coalition of the block and returns its score, which may be known
  // beforehand. The block is given by the number of cuts that made it and its number among the
  // blocks of that level.
  Values play(const Block& block, std::size_t cuts, std::size_t number, const Values* known) {
    if (block.is_leaf(leaf_)) {
      Values empty(after_.size());
      game_.clear();
      open_ += game_.score(empty);
      Values score = grow(std::move(empty), 0, block, known);
      vote(cuts, number);
      return score;
    }
    const Block left = block.left();
    const Block right = block.right();
    const Values both = grow(play(left, cuts + 1, 2 * number, nullptr), left.size(), right, known);
    vote(cuts, number);
    return grow(play(right, cuts + 1, 2 * number + 1, nullptr), right.size(), left, &both);
  }

  // The block at whose coalition the game stands.
  void vote(std::size_t cuts, std::size_t number) {
    if (cuts == 0 || cuts > levels_) return;
    const std::size_t blocks = std::size_t{1} << cuts;
    if (number % (blocks / voting_blocks(cuts)) == 0) hold_vote(game_, cuts - 1, recorder_);
  }

  // The players of a block join a coalition of `size` others with the score `before`. The last one
  // leads to the score `known` if that is given: a coalition scores the same however it is reached,
  // and gains add up.
  Values grow(Values before, std::size_t size, const Block& block, const Values* known) {
    for (std::size_t step = block.first; step < block.end; ++step) {
      const std::int64_t soon = order_[std::min(step + kPrefetchDistance, block.end - 1)];
      game_.expect(soon);
      recorder_.expect(soon);
      game_.join(order_[step]);
      if (step + 1 == block.end && known != nullptr)
        after_ = *known;
      else
        open_ += game_.score(after_);
      recorder_.record({order_[step], size++, block.share}, before, after_);
      before.swap(after_);
    }
    return before;
  }

  Game& game_;
  const std::span<const std::int64_t> order_;
  const std::size_t leaf_;
  Recorder& recorder_;
  const std::size_t levels_;  // that vote
  OpenSigns open_;
  Values after_;
};

}  // namespace

HalvingSampler::HalvingSampler(std::size_t leaf) : leaf_(leaf) {
  if (leaf == 0) throw std::invalid_argument("a leaf holds at least one player");
}

HalvingSampler HalvingSampler::of(const GameFactory& game, std::uint64_t seed,
                                  const Checkpoint& checkpoint) {
  if (game.player_classes().empty()) return HalvingSampler(1);
  return HalvingSampler(CompositionControl(game, seed, checkpoint));
}

std::int64_t HalvingSampler::unit_of(std::size_t n_players, std::size_t n_samples) {
  const std::size_t leaf = n_players == n_samples ? CompositionControl::kLargest : 1;
  return Block::whole(n_players, leaf).share;
}

VotePlan HalvingSampler::votes(std::size_t n_players) {
  VotePlan plan;
  for (std::size_t size = n_players / 2; size >= kFewestVoters; size /= 2) {
    plan.sizes.push_back(size);
    plan.ballots += voting_blocks(plan.sizes.size());
  }
  return plan;
}

std::int64_t HalvingSampler::unit(std::size_t n_players) const {
  return Block::whole(n_players, leaf_).share;
}

OpenSigns HalvingSampler::play(Game& game, std::span<const std::int64_t> order, RandomWords words,
                               const Score& grand, Recorder& recorder) const {
  if (order.size() != game.n_players())
    throw std::invalid_argument("an order needs each player once");
  if (control_) control_->adjust(order, Block::whole(order.size(), leaf_), words, recorder);
  return Pass(game, order, leaf_, grand, recorder).open();
}

}  // namespace shapcpp
