// Single orders played by hand, for tests of samplers and of the tally.
#include <stdexcept>
#include <utility>
#include <vector>

#include "bindings/python.hpp"
#include "core/game/model.hpp"
#include "core/recorders/changes.hpp"
#include "core/samplers/composition_control.hpp"
#include "core/samplers/halving_sampler.hpp"
#include "core/samplers/permutation.hpp"
#include "core/samplers/permutation_sampler.hpp"

namespace shapcpp::bindings {
namespace {

void check_order(const IntArray& order, std::size_t n) {
  std::vector<bool> seen(n);
  if (static_cast<std::size_t>(order.size()) != n)
    throw std::invalid_argument("order must hold each player once");
  for (const auto player : view(order)) {
    if (player < 0 || static_cast<std::size_t>(player) >= n ||
        seen[static_cast<std::size_t>(player)])
      throw std::invalid_argument("order must hold each player once");
    seen[static_cast<std::size_t>(player)] = true;
  }
}

// Keeps the score of every coalition along a permutation.
class PathRecorder final : public Recorder {
 public:
  PathRecorder(std::size_t n_players, std::size_t width)
      : width_(width), path_(checked_product(n_players + 1, width, "the counts of a path")) {}

  void record(const Join& join, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after) override {
    std::copy(before.begin(), before.end(), path_.data() + join.size * width_);
    std::copy(after.begin(), after.end(), path_.data() + (join.size + 1) * width_);
  }
  void adjust(std::int64_t, std::span<const std::int64_t>) override {
    throw std::logic_error("a permutation has no control");
  }
  const Counts& path() const { return path_; }

 private:
  std::size_t width_;
  Counts path_;
};

OpenSigns play(const GameFactory& factory, const Sampler& sampler, const Score& grand,
               const IntArray& order, Recorder& recorder) {
  check_order(order, factory.n_players());
  const Checkpoint checkpoint = [] {};
  Statistics statistics;
  const auto game = factory.make({checkpoint, statistics});
  return sampler.play(*game, view(order), RandomWords(0, 0), grand, recorder);
}

// Ties and uncertified signs.
using Open = std::pair<std::int64_t, std::int64_t>;

std::pair<IntArray, Open> walk(const GameFactory& game, const Score& grand, const IntArray& order) {
  PathRecorder recorder(game.n_players(), game.width());
  const OpenSigns open = play(game, PermutationSampler(), grand, order, recorder);
  return {to_array(recorder.path(), {game.n_players() + 1, game.width()}),
          {open.ties, open.uncertified}};
}

std::pair<IntArray, Open> halved(const GameFactory& game, const Score& grand, const IntArray& order,
                                 std::size_t leaf) {
  Changes recorder(game.n_players(), game.width());
  const OpenSigns open = play(game, HalvingSampler(leaf), grand, order, recorder);
  return {to_array(recorder.values(), {game.n_players(), game.width()}),
          {open.ties, open.uncertified}};
}

// Adds one permutation to a tally, as a run with these counts would.
void add(Tally& tally, std::uint64_t index, const IntArray& order, const IntArray& path,
         std::int64_t ties, std::int64_t uncertified) {
  check_order(order, tally.n_players());
  const std::size_t width = tally.width();
  if (static_cast<std::size_t>(path.size()) != tally.gains().size() + width)
    throw std::invalid_argument("path must hold the counts of n_players + 1 coalitions");
  TallyRecorder recorder(tally);
  for (std::size_t size = 0; size < tally.n_players(); ++size)
    recorder.record({view(order)[size], size, 1}, view(path).subspan(size * width, width),
                    view(path).subspan((size + 1) * width, width));
  recorder.commit({index, index + 1}, {ties, uncertified}, {});
}

CompositionControl make_control(const GameFactory& game, std::uint64_t seed) {
  return {game, seed, [] {}};
}

IntArray counts(const CompositionControl& control) {
  constexpr std::size_t side = CompositionControl::kLargest + 1;
  Counts table;
  for (std::size_t a = 0; a < side; ++a)
    for (std::size_t b = 0; b < side; ++b)
      for (std::size_t k = 0; k < control.n_classes(); ++k) table.push_back(control.count(a, b, k));
  return to_array(table, {side, side, control.n_classes()});
}

IntArray control_changes(const CompositionControl& control, const IntArray& order,
                         std::uint64_t seed, std::uint64_t index) {
  const std::span<const std::int64_t> players = view(order);
  check_order(order, control.n_players());
  std::vector<std::int64_t> shuffled(players.size());
  RandomWords words = fill_permutation(seed, index, shuffled);
  Changes recorder(players.size(), control.n_classes());
  control.adjust(players, Block::whole(players.size(), CompositionControl::kLargest), words,
                 recorder);
  return to_array(recorder.values(), {players.size(), control.n_classes()});
}

}  // namespace

void bind_testing(py::module_& module) {
  module.def(
      "dense_game",
      [](const Problem& problem, const std::string& model) {
        return dense_game_of(model_of(model), problem);
      },
      py::arg("problem"), py::arg("model") = "logistic", py::keep_alive<0, 1>());
  module.def("walk", &walk, py::arg("game"), py::arg("grand_coalition"),
             py::arg("order").noconvert());
  module.def("halved", &halved, py::arg("game"), py::arg("grand_coalition"),
             py::arg("order").noconvert(), py::arg("leaf"));
  module.def("add", &add, py::arg("tally"), py::arg("index"), py::arg("order").noconvert(),
             py::arg("path").noconvert(), py::arg("ties") = 0, py::arg("uncertified") = 0);
  py::class_<CompositionControl>(module, "CompositionControl", py::is_final())
      .def(py::init(&make_control), py::arg("game"), py::arg("seed"))
      .def_property_readonly("counts", &counts)
      .def("changes", &control_changes, py::arg("order").noconvert(), py::arg("seed"),
           py::arg("index"));
}

}  // namespace shapcpp::bindings
