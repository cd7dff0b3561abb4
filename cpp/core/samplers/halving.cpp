#include "core/samplers/halving.hpp"

#include "core/samplers/block.hpp"

namespace shapcpp {

Halving::Halving(const Problem& problem, Method method, std::uint64_t seed,
                 const Checkpoint& checkpoint)
    : leaf_(leaf(problem.n_players(), problem.n_samples())) {
  if (problem.n_players() == problem.n_samples())
    control_.emplace(problem, method, seed, checkpoint);
}

// A control there is for players of one sample each, and only then is it worth to leave blocks
// whole.
std::size_t Halving::leaf(std::size_t n_players, std::size_t n_samples) {
  return n_players == n_samples ? CompositionControl::kLargest : 1;
}

std::int64_t Halving::unit(std::size_t n_players, std::size_t n_samples) {
  return Block::whole(n_players, leaf(n_players, n_samples)).share;
}

std::int64_t Halving::add(Walk& walk, std::span<const std::int64_t> order, RandomWords words,
                          const Score& everyone, std::span<std::int64_t> gains) const {
  std::int64_t uncertified = 0;
  if (control_) {
    control_->add(order, Block::whole(order.size(), leaf_), words, gains);
    uncertified = control_->uncertified();
  }
  return uncertified + walk.halving(order, everyone, leaf_, gains);
}

}  // namespace shapcpp
