// The plan of votes: which coalitions of an order predict the samples outside them.
#pragma once

#include <cstddef>
#include <vector>

#include "core/game/game.hpp"
#include "core/recorders/recorder.hpp"

namespace shapcpp {

// Members of the smallest coalitions that vote: smaller ones know next to nothing.
inline constexpr std::size_t kFewestVoters = 16;

struct VotePlan {
  std::vector<std::size_t> sizes;  // of coalitions, each a level of the recorder
  std::size_t ballots = 0;         // of each order
};

// Lets the current coalition vote, if anybody counts it.
inline void hold_vote(Game& game, std::size_t level, Recorder& recorder) {
  const auto ballot = recorder.ballot(level);
  if (!ballot.empty()) game.vote(ballot);
}

}  // namespace shapcpp
