#include "parallel/footprint.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/data/problem.hpp"
#include "core/game/model.hpp"
#include "core/recorders/ballots.hpp"
#include "core/recorders/changes.hpp"
#include "core/recorders/tally.hpp"

namespace shapcpp {
namespace {

// Tallies held while permutations are added up: the earlier one, the new one, and their sum.
constexpr double kTallies = 3;

double thread_bytes(const RunShape& shape, Model model) {
  const double order = kNumberBytes * shape.players();
  return game_bytes(model, shape) + Changes::bytes(shape) +
         Ballots::bytes(shape.samples(), shape.n_ballots) + order;
}

}  // namespace

std::size_t footprint(const RunShape& shape, Model model, std::size_t threads) {
  RunShape laid_out = shape;
  if (model == Model::kBayes) laid_out.n_features *= 2;  // with squares
  const double bytes = Problem::bytes(laid_out) + shared_bytes(model, shape) +
                       kTallies * Tally::bytes(shape) +
                       static_cast<double>(threads) * thread_bytes(laid_out, model);
  if (!(bytes < static_cast<double>(PTRDIFF_MAX)))
    throw std::length_error("a run over " + std::to_string(shape.n_samples) + " samples of " +
                            std::to_string(shape.n_features) + " features, judged by " +
                            std::to_string(shape.n_test) + ", on " + std::to_string(threads) +
                            " threads is larger than any memory");
  return static_cast<std::size_t>(bytes);
}

}  // namespace shapcpp
