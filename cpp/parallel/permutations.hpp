// Permutations over threads: the only room that makes any. They live as long as a run does, so that
// nothing of a run is left that a fork could lose.
#pragma once

#include <cstdint>
#include <functional>

#include "core/data/problem.hpp"
#include "core/recorders/tally.hpp"
#include "core/run/checkpoint.hpp"
#include "core/samplers/halving.hpp"
#include "core/samplers/walk.hpp"

namespace shapcpp {

// Called on the calling thread, ten times a second or more, with the number of permutations
// completed. What it throws ends the run.
using Report = std::function<void(std::uint64_t done)>;

// A checkpoint of one thread that reports, with nothing completed, often enough and no oftener.
Checkpoint reporting(const Report& report);

// The score of the coalition of all samples.
Score evaluate_everyone(const Problem& problem, Method method, const Report& report);

// The control and the blocks of halving under `seed`.
Halving prepare_halving(const Problem& problem, Method method, std::uint64_t seed,
                        const Report& report);

// Walks the permutations of `range` under `seed`, or halves them if `halving` is not null, and adds
// each completed one to `tally`. If the report or a walk throws, all threads stop within a tenth of
// a second, unfinished permutations are dropped whole, `tally` holds those completed, and the first
// exception is thrown again here.
void run_permutations(const Problem& problem, Method method, const Score& everyone,
                      std::uint64_t seed, const Halving* halving, IndexRange range, int threads,
                      const Report& report, Tally& tally);

// Whether this process was forked from one that had loaded this library. Such a process is mostly
// one of a pool that has a process for each processor: by default it computes on one thread.
bool in_forked_child();

}  // namespace shapcpp
