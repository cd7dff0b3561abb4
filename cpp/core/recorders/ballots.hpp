// The recorder of votes: predictions of coalitions for the samples outside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/game/game.hpp"
#include "core/run/prediction.hpp"

namespace shapcpp {

// The shape of the counts: votes on each sample, for each class, by coalitions of several sizes.
// One size stands for the sum over all; with none, nothing is counted.
struct VoteShape {
  Predicted predicted;
  std::size_t sizes = 0;

  bool operator==(const VoteShape&) const = default;
};

// The predictions of the coalitions of one permutation.
class Ballots {
 public:
  explicit Ballots(const VoteShape& shape) : shape_(shape) {}

  // Bytes of that many ballots.
  static double bytes(double samples, std::size_t ballots);

  // Room for the predictions of one more coalition, whose size has this number; empty if nothing is
  // counted. It stays valid until the next one is added.
  std::span<Prediction> add(std::size_t level);
  void clear() { used_ = 0; }

 private:
  friend class Votes;
  struct Ballot {
    std::size_t size = 0;
    std::vector<Prediction> predictions;
  };

  VoteShape shape_;
  std::vector<Ballot> ballots_;  // kept for the next permutation
  std::size_t used_ = 0;
};

// Sums of votes over permutations.
class Votes {
 public:
  explicit Votes(const VoteShape& shape);

  // Bytes that it allocates.
  static double bytes(double samples, std::size_t sizes, double classes);

  const VoteShape& shape() const { return shape_; }
  // Adds the votes of a permutation, of ballots of this shape.
  void add(const Ballots& ballots);
  // (samples, sizes, classes), sample by sample.
  void write(std::span<std::int64_t> counts) const;

 private:
  std::size_t place(std::size_t size, std::size_t sample) const {
    return (size * shape_.predicted.samples + sample) * shape_.predicted.classes;
  }

  VoteShape shape_;
  std::vector<std::int64_t> counts_;  // size by size, as they are added
};

}  // namespace shapcpp
