// What samplers tell, join by join.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/run/open_signs.hpp"
#include "core/run/prediction.hpp"
#include "core/run/statistics.hpp"

namespace shapcpp {

// Half-open range of indices of permutations.
struct IndexRange {
  std::uint64_t first;
  std::uint64_t end;
  bool operator==(const IndexRange&) const = default;
};

struct Join {
  std::int64_t player;
  std::size_t size;    // players in the coalition that it joins
  std::int64_t share;  // what the change of score counts: 1 in a plain permutation
};

// Takes down one permutation at a time. Each thread has a recorder of its own.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void record(const Join& join, std::span<const std::int64_t> before,
                      std::span<const std::int64_t> after) = 0;
  // Adds to a player's changes what a control variate knows of them: its mean over permutations is
  // zero for each player, but not for the player's joins at each size.
  virtual void adjust(std::int64_t player, std::span<const std::int64_t> change) = 0;
  // Room for what the coalition at hand predicts of those outside it, or none if nobody counts it;
  // `level` is the number of its size in the sampler's plan of votes.
  virtual std::span<Prediction> ballot(std::size_t level) {
    static_cast<void>(level);
    return {};
  }
};

// A recorder whose permutations add up to the result of a run.
class RunRecorder : public Recorder {
 public:
  // Adds the permutation taken down to the result, as index range `done`, and begins the next one.
  // Called by one thread at a time. Adds nothing where it throws.
  virtual void commit(IndexRange done, const OpenSigns& open, const Statistics& statistics) = 0;
};

}  // namespace shapcpp
