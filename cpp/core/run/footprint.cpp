#include "core/run/footprint.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/kernels.hpp"

namespace shapcpp {
namespace {

// Doubles, so that no product overflows; a rounding of some bytes does not matter. Samples are not
// padded to whole tiles: a tile per class is small.
constexpr double kNumber = 8;  // bytes of a double, an index and a count alike
constexpr double kSingle = 4;

struct Sizes {
  explicit Sizes(const RunShape& shape)
      : n(static_cast<double>(shape.n_samples)),
        m(static_cast<double>(shape.n_test)),
        columns(static_cast<double>(shape.n_features) + 1),
        tiled(columns * kernels::kTileStride / kernels::kTileRows),
        players(static_cast<double>(shape.n_players)),
        classes(static_cast<double>(shape.n_classes)) {}
  double n, m, columns, tiled, players, classes;
};

double problem(const Sizes& s) {
  return kNumber * (s.n * s.columns +  // samples
                    s.n +              // their norms
                    s.n +              // their classes
                    s.n +              // members of players
                    s.players +        // where those of each begin
                    s.m * s.tiled +    // test samples
                    s.m) +             // their norms
         kSingle * (s.m * s.tiled +    // the same in single precision
                    s.m);
}

// While permutations are added up: what was done before, what was now, and their sum.
double tallies(const Sizes& s) {
  constexpr double kCopies = 3;
  return kCopies * kNumber *
         (s.players * s.classes +              // gains
          s.players * s.classes * s.classes);  // products
}

double coalition(const Sizes& s) {
  return kNumber * (s.n * s.tiled +  // members
                    s.n +            // their signs
                    s.n);            // their weights
}

double newton(const Sizes& s) {
  return kNumber * (s.n +                        // margins
                    s.n +                        // shifts
                    5 * s.columns * s.columns);  // Hessian, its factor and roots
}

double path(const Sizes& s) {
  return kSingle * (s.n * s.tiled +              // members
                    3 * s.n) +                   // their probabilities, curvatures and offsets
         kNumber * (6 * s.columns * s.columns);  // Hessian, inverse, and what builds them
}

double watch(const Sizes& s) {
  return kSingle * (s.m * s.tiled +  // near sets
                    s.m +            // their norms
                    s.m);            // their rows
}

// Of one thread.
double game(const Sizes& s) {
  return coalition(s) + newton(s) + path(s) + watch(s) +
         kNumber * (s.players +              // the order
                    s.players * s.classes);  // what its players changed
}

}  // namespace

std::size_t footprint(const RunShape& shape) {
  const Sizes sizes(shape);
  const double bytes =
      problem(sizes) + tallies(sizes) + static_cast<double>(shape.threads) * game(sizes);
  if (!(bytes < static_cast<double>(PTRDIFF_MAX)))
    throw std::length_error("a run over " + std::to_string(shape.n_samples) + " samples of " +
                            std::to_string(shape.n_features) + " features, judged by " +
                            std::to_string(shape.n_test) + ", on " + std::to_string(shape.threads) +
                            " threads is larger than any memory");
  return static_cast<std::size_t>(bytes);
}

}  // namespace shapcpp
