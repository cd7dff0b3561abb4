#include <memory>
#include <stdexcept>

#include "bindings/python.hpp"
#include "core/game/model.hpp"
#include "core/learners/convergence_error.hpp"
#include "core/recorders/changes.hpp"
#include "core/samplers/halving_sampler.hpp"
#include "core/samplers/permutation.hpp"
#include "core/samplers/permutation_sampler.hpp"
#include "parallel/footprint.hpp"

namespace shapcpp::bindings {

Model model_of(const std::string& name) {
  if (name == "logistic") return Model::kLogistic;
  if (name == "ovr") return Model::kOneAgainstRest;
  if (name == "multinomial") return Model::kMultinomial;
  if (name == "ridge") return Model::kRidge;
  if (name == "centroid") return Model::kCentroid;
  if (name == "bayes") return Model::kBayes;
  if (name == "lda") return Model::kDiscriminant;
  throw std::invalid_argument("unknown model: " + name);
}

namespace {

IntArray permutation(std::size_t n, std::uint64_t seed, std::uint64_t index) {
  IntArray order(static_cast<py::ssize_t>(n));
  fill_permutation(seed, index, {order.mutable_data(), n});
  return order;
}

Score score_everyone(const GameFactory& factory, const Progress& progress) {
  const Checkpoint checkpoint = reporting(report_to(progress));
  // The computation touches no Python object; the report takes the GIL again if it does.
  const Released release;
  Statistics statistics;
  return grand_coalition(*factory.make({checkpoint, statistics}));
}

std::unique_ptr<Sampler> permutation_sampler() {
  return std::make_unique<PermutationSampler>();
}

std::unique_ptr<Sampler> halving_sampler(const GameFactory& game, std::uint64_t seed,
                                         const Progress& progress) {
  const Checkpoint checkpoint = reporting(report_to(progress));
  // The computation touches no Python object here either.
  const Released release;
  return std::make_unique<HalvingSampler>(HalvingSampler::of(game, seed, checkpoint));
}

std::pair<IntArray, std::size_t> plan_of(const VotePlan& plan) {
  return {to_array({plan.sizes.begin(), plan.sizes.end()}, {plan.sizes.size()}), plan.ballots};
}

void run(const GameFactory& game, const Sampler& sampler, const Score& grand, Tally& tally,
         std::uint64_t seed, std::uint64_t first, std::uint64_t count, int threads,
         const Progress& progress) {
  // Python sees ranges as signed integers.
  if (first > INT64_MAX || count > INT64_MAX - first)
    throw std::invalid_argument("first + count is beyond 2^63");
  const VoteShape& votes = tally.votes().shape();
  if (votes.sizes > 0 && votes.predicted != game.predicted())
    throw std::invalid_argument("the tally counts the votes of another game");
  const Report report = report_to(progress);
  // The computation touches no Python object. The tally is written by the run's threads only, under
  // the run's own lock.
  const Released release;
  run_permutations({game, sampler, grand, seed}, {first, first + count}, threads, report,
                   [&tally] { return std::make_unique<TallyRecorder>(tally); });
}

}  // namespace

void bind_runs(py::module_& module) {
  py::register_exception<ConvergenceError>(module, "ConvergenceError", PyExc_RuntimeError);
  py::class_<Score>(module, "Score", py::is_final())
      .def_property_readonly("values",
                             [](const Score& s) { return to_array(s.values, {s.values.size()}); })
      .def_property_readonly("ties", [](const Score& s) { return s.open.ties; })
      .def_property_readonly("uncertified", [](const Score& s) { return s.open.uncertified; });
  py::class_<GameFactory>(module, "Game")
      .def_property_readonly("n_players", &GameFactory::n_players)
      .def_property_readonly("width", &GameFactory::width)
      .def_property_readonly("predicted", [](const GameFactory& game) {
        return std::make_pair(game.predicted().samples, game.predicted().classes);
      });
  module.def(
      "game",
      [](const Problem& problem, const std::string& model) {
        return game_of(model_of(model), problem);
      },
      py::arg("problem"), py::arg("model") = "logistic", py::keep_alive<0, 1>());
  module.def("grand_coalition", &score_everyone, py::arg("game"), py::arg("progress") = py::none());
  module.def("permutation", &permutation, py::arg("n"), py::arg("seed"), py::arg("index"));
  py::class_<Sampler>(module, "Sampler");
  module.def("permutation_sampler", &permutation_sampler);
  module.def("halving_sampler", &halving_sampler, py::arg("game"), py::arg("seed"),
             py::arg("progress") = py::none());
  module.def(
      "permutation_votes", [](std::size_t n) { return plan_of(PermutationSampler::votes(n)); },
      py::arg("n_players"));
  module.def(
      "halving_votes", [](std::size_t n) { return plan_of(HalvingSampler::votes(n)); },
      py::arg("n_players"));
  module.def("halving_unit", &HalvingSampler::unit_of, py::arg("n_players"), py::arg("n_samples"));
  module.def("run", &run, py::arg("game"), py::arg("sampler"), py::arg("grand_coalition"),
             py::arg("tally"), py::kw_only(), py::arg("seed"), py::arg("first"), py::arg("count"),
             py::arg("threads"), py::arg("progress") = py::none());
  module.def("in_forked_child", &in_forked_child);
  module.def(
      "footprint",
      [](std::size_t n_samples, std::size_t n_test, std::size_t n_features, std::size_t n_players,
         std::size_t n_classes, std::size_t threads, std::size_t n_weighted,
         const std::string& model, std::size_t vote_sizes, std::size_t n_ballots) {
        return footprint({.n_samples = n_samples,
                          .n_test = n_test,
                          .n_features = n_features,
                          .n_players = n_players,
                          .n_classes = n_classes,
                          .n_weighted = n_weighted,
                          .vote_sizes = vote_sizes,
                          .n_ballots = n_ballots},
                         model_of(model), threads);
      },
      py::kw_only(), py::arg("n_samples"), py::arg("n_test"), py::arg("n_features"),
      py::arg("n_players"), py::arg("n_classes"), py::arg("threads"), py::arg("n_weighted") = 0,
      py::arg("model") = "logistic", py::arg("vote_sizes") = 0, py::arg("n_ballots") = 0);
}

}  // namespace shapcpp::bindings
