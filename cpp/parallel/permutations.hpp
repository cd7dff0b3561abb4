// Permutations over threads: only this room creates threads. They live only as long as a run, so
// that no thread is left for a fork to lose.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/game/game.hpp"
#include "core/recorders/recorder.hpp"
#include "core/run/checkpoint.hpp"
#include "core/samplers/sampler.hpp"

namespace shapcpp {

// Called on the calling thread, ten times a second or more, with the number of permutations
// completed. What it throws ends the run.
using Report = std::function<void(std::uint64_t done)>;

// A checkpoint of one thread, which reports, with nothing completed, as often as needed and no more
// often.
Checkpoint reporting(const Report& report);

// Index t stands for permutation t of `seed`, as `sampler` plays it. All must outlive the run.
struct Sampling {
  const GameFactory& game;
  const Sampler& sampler;
  const Score& grand;  // of the coalition of all players
  std::uint64_t seed;
};

// Makes a recorder for one thread.
using RecorderFactory = std::function<std::unique_ptr<RunRecorder>()>;

// Plays the permutations of `range` and has each completed one committed. If the report, a game or
// a recorder throws, all threads stop within a tenth of a second, unfinished permutations are
// dropped whole, those completed stay committed, and the first exception is thrown again here.
void run_permutations(const Sampling& sampling, IndexRange range, int threads, const Report& report,
                      const RecorderFactory& new_recorder);

// Whether this process was forked from one that had loaded this library. Such a process usually
// belongs to a pool with one process per processor, so by default it computes on one thread.
bool in_forked_child();

}  // namespace shapcpp
