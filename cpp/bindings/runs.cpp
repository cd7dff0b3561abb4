#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bindings/python.hpp"
#include "core/learners/logistic/newton.hpp"
#include "core/run/footprint.hpp"
#include "core/samplers/permutation.hpp"

namespace shapcpp::bindings {

void check_order(const IntArray& order, std::size_t n);

namespace {

bool interpreter_is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

}  // namespace

Report report_to(const Progress& progress) {
  return [progress](std::uint64_t done) {
    // A daemon thread that asked for the GIL now would be unwound through C++ frames, which aborts
    // the process. It waits for the end instead, as Python 3.14 lets it.
    while (interpreter_is_ending()) std::this_thread::sleep_for(std::chrono::hours(1));
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (progress) (*progress)(done);
  };
}

namespace {

IntArray permutation(std::size_t n, std::uint64_t seed, std::uint64_t index) {
  IntArray order(static_cast<py::ssize_t>(n));
  fill_permutation(seed, index, {order.mutable_data(), n});
  return order;
}

Method method(bool dense) {
  return dense ? Method::kDense : Method::kCertified;
}

Score everyone(const Problem& problem, bool dense) {
  const Report report = report_to(std::nullopt);
  // The computation touches no Python object; the report takes the GIL again where it does.
  const py::gil_scoped_release release;
  return evaluate_everyone(problem, method(dense), report);
}

void run(const Problem& problem, const Score& everyone, Tally& tally, std::uint64_t seed,
         std::uint64_t first, std::uint64_t count, int threads, const Progress& progress,
         const Halving* halving, bool dense) {
  // Ranges are shown as signed integers.
  if (first > INT64_MAX || count > INT64_MAX - first)
    throw std::invalid_argument("first + count is beyond 2^63");
  const Report report = report_to(progress);
  // As above; the tally is written by the run's threads only, under the run's own lock.
  const py::gil_scoped_release release;
  run_permutations(problem, method(dense), everyone, seed, halving, {first, first + count}, threads,
                   report, tally);
}

std::pair<IntArray, std::int64_t> walk(const Problem& problem, const Score& everyone,
                                       const IntArray& order, bool dense) {
  check_order(order, problem.n_players());
  std::vector<std::int64_t> path(checked_product(problem.n_players() + 1, problem.n_classes(),
                                                 "the counts along a permutation"));
  const Checkpoint checkpoint = [] {};
  const std::int64_t uncertified =
      Walk(problem, method(dense), checkpoint).along(view(order), everyone, path);
  return {to_array(path, {problem.n_players() + 1, problem.n_classes()}), uncertified};
}

Halving make_halving(const Problem& problem, std::uint64_t seed, const Progress& progress,
                     bool dense) {
  const Report report = report_to(progress);
  const py::gil_scoped_release release;
  return prepare_halving(problem, method(dense), seed, report);
}

CompositionControl make_control(const Problem& problem, std::uint64_t seed) {
  return {problem, Method::kCertified, seed, [] {}};
}

IntArray counts(const CompositionControl& control) {
  constexpr std::size_t side = CompositionControl::kLargest + 1;
  std::vector<std::int64_t> table;
  for (std::size_t a = 0; a < side; ++a)
    for (std::size_t b = 0; b < side; ++b)
      for (std::size_t k = 0; k < 2; ++k) table.push_back(control.count(a, b, k));
  return to_array(table, {side, side, 2});
}

IntArray control_changes(const CompositionControl& control, const IntArray& order,
                         std::uint64_t seed, std::uint64_t index) {
  const std::span<const std::int64_t> players = view(order);
  check_order(order, control.n_players());
  std::vector<std::int64_t> shuffled(players.size());
  RandomWords words = fill_permutation(seed, index, shuffled);
  std::vector<std::int64_t> gains(players.size() * 2);
  control.add(players, Block::whole(players.size(), CompositionControl::kLargest), words, gains);
  return to_array(gains, {players.size(), 2});
}

std::pair<IntArray, std::int64_t> halved(const Problem& problem, const Score& everyone,
                                         const IntArray& order, std::size_t leaf, bool dense) {
  check_order(order, problem.n_players());
  std::vector<std::int64_t> gains(problem.n_players() * problem.n_classes());
  const Checkpoint checkpoint = [] {};
  const std::int64_t uncertified =
      Walk(problem, method(dense), checkpoint).halving(view(order), everyone, leaf, gains);
  return {to_array(gains, {problem.n_players(), problem.n_classes()}), uncertified};
}

}  // namespace

void bind_runs(py::module_& module) {
  py::register_exception<ConvergenceError>(module, "ConvergenceError", PyExc_RuntimeError);
  py::class_<Score>(module, "Score", py::is_final())
      .def_property_readonly("correct",
                             [](const Score& s) { return to_array(s.correct, {s.correct.size()}); })
      .def_readonly("uncertified", &Score::uncertified);
  module.def("permutation", &permutation, py::arg("n"), py::arg("seed"), py::arg("index"));
  module.def("everyone", &everyone, py::arg("problem"), py::arg("dense") = false);
  module.def("walk", &walk, py::arg("problem"), py::arg("everyone"), py::arg("order").noconvert(),
             py::arg("dense") = false);
  py::class_<Halving>(module, "Halving", py::is_final())
      .def(py::init(&make_halving), py::arg("problem"), py::arg("seed"),
           py::arg("progress") = py::none(), py::arg("dense") = false, py::keep_alive<1, 2>())
      .def_static("unit", &Halving::unit, py::arg("n_players"), py::arg("n_samples"));
  py::class_<CompositionControl>(module, "CompositionControl", py::is_final())
      .def(py::init(&make_control), py::arg("problem"), py::arg("seed"), py::keep_alive<1, 2>())
      .def_property_readonly("counts", &counts)
      .def("changes", &control_changes, py::arg("order").noconvert(), py::arg("seed"),
           py::arg("index"));
  module.def("halved", &halved, py::arg("problem"), py::arg("everyone"),
             py::arg("order").noconvert(), py::arg("leaf"), py::arg("dense") = false);
  module.def("run", &run, py::arg("problem"), py::arg("everyone"), py::arg("tally"), py::kw_only(),
             py::arg("seed"), py::arg("first"), py::arg("count"), py::arg("threads"),
             py::arg("progress") = py::none(), py::arg("halving") = py::none(),
             py::arg("dense") = false);
  module.def("in_forked_child", &in_forked_child);
  module.def(
      "footprint",
      [](std::size_t n_samples, std::size_t n_test, std::size_t n_features, std::size_t n_players,
         std::size_t n_classes, std::size_t threads) {
        return footprint({.n_samples = n_samples,
                          .n_test = n_test,
                          .n_features = n_features,
                          .n_players = n_players,
                          .n_classes = n_classes,
                          .threads = threads});
      },
      py::kw_only(), py::arg("n_samples"), py::arg("n_test"), py::arg("n_features"),
      py::arg("n_players"), py::arg("n_classes"), py::arg("threads"));
}

}  // namespace shapcpp::bindings
