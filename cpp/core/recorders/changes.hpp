// The recorder of the tally: the changes by each player in one permutation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/recorders/recorder.hpp"
#include "core/recorders/tally.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

// Sums over a player's joins, weighted with their shares. Throws std::overflow_error if a sum does
// not fit 64 bits.
class Changes : public Recorder {
 public:
  Changes(std::size_t n_players, std::size_t width);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void record(const Join& join, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after) override;
  void expect(std::int64_t player) const override {
    __builtin_prefetch(values_.data() + static_cast<std::size_t>(player) * width_, 1);
  }
  void adjust(std::int64_t player, std::span<const std::int64_t> change) override;

  void clear();
  // (n_players, width)
  const std::vector<std::int64_t>& values() const { return values_; }

 private:
  std::size_t width_;
  std::vector<std::int64_t> values_;
};

// Adds the changes and the votes of each permutation to a tally, which must outlive the recorder.
class TallyRecorder final : public RunRecorder {
 public:
  explicit TallyRecorder(Tally& tally)
      : tally_(tally),
        changes_(tally.n_players(), tally.width()),
        ballots_(tally.votes().shape()) {}

  void record(const Join& join, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after) override {
    changes_.record(join, before, after);
  }
  void expect(std::int64_t player) const override { changes_.expect(player); }
  void adjust(std::int64_t player, std::span<const std::int64_t> change) override {
    changes_.adjust(player, change);
  }
  std::span<Prediction> ballot(std::size_t level) override { return ballots_.add(level); }
  void commit(IndexRange done, const OpenSigns& open, const Statistics& statistics) override {
    tally_.add(done, changes_.values(), ballots_, open, statistics);
    changes_.clear();
    ballots_.clear();
  }

 private:
  Tally& tally_;
  Changes changes_;
  Ballots ballots_;
};

}  // namespace shapcpp
