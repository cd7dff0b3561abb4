// Second moments of contributions, as integer sums over permutations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/run/run_shape.hpp"

namespace shapcpp {

// With few classes the products of all pairs; with many, whose pairs would fill the memory, the
// squares of each class's change and of some weighted sums of these changes.
class Moments {
 public:
  // `weights` holds one row of `width` numbers for each weighted sum; none: products of all pairs.
  Moments(std::size_t n_players, std::size_t width, std::span<const std::int64_t> weights);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  // Takes the changes of one permutation, (n_players, width), and returns the largest size of a
  // number that it would square. Throws std::overflow_error if a weighted sum does not fit.
  std::uint64_t take(std::span<const std::int64_t> changes);
  // Adds the products, or squares, of the changes taken last.
  void add();

  // (n_players, columns()): pairs row by row, or one column per class and per weighted sum.
  const std::vector<std::int64_t>& values() const { return values_; }
  std::size_t columns() const { return columns_; }
  bool has_all_pairs() const { return weights_.empty(); }

 private:
  std::size_t width_;
  std::vector<std::int64_t> weights_;
  std::size_t n_sums_;
  std::size_t columns_;
  std::vector<std::int64_t> values_;
  std::span<const std::int64_t> changes_;
  std::vector<std::int64_t> sums_;  // (n_players, n_sums): weighted, of the changes taken
};

}  // namespace shapcpp
