// The interface that samplers report to, join by join.
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
  std::int64_t share;  // weight of the change in score: 1 in a plain permutation
};

// Records one permutation at a time. Each thread has a recorder of its own.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void record(const Join& join, std::span<const std::int64_t> before,
                      std::span<const std::int64_t> after) = 0;
  // The player will be recorded soon: a chance to prefetch.
  virtual void expect(std::int64_t) const {}
  // Adds the adjustment of a control variate to a player's changes: its mean over permutations is
  // zero for each player, but not for the player's joins at each size.
  virtual void adjust(std::int64_t player, std::span<const std::int64_t> change) = 0;
  // Room for the current coalition's predictions for the samples outside it, or none if nobody
  // counts them; `level` is the number of its size in the sampler's plan of votes.
  virtual std::span<Prediction> ballot(std::size_t level) {
    static_cast<void>(level);
    return {};
  }
};

// A recorder whose permutations add up to the result of a run.
class RunRecorder : public Recorder {
 public:
  // Adds the recorded permutation to the result, as index range `done`, and begins the next one.
  // Called by one thread at a time. Adds nothing if it throws.
  virtual void commit(IndexRange done, const OpenSigns& open, const Statistics& statistics) = 0;
};

}  // namespace shapcpp
