#include "core/data/problem.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

#include "bindings/python.hpp"

namespace shapcpp::bindings {

SingleClass single_class_rule(const std::string& name) {
  if (name == "constant") return SingleClass::kConstant;
  if (name == "carry") return SingleClass::kCarry;
  throw std::invalid_argument("unknown rule for one-class coalitions: " + name);
}

namespace {

std::unique_ptr<Problem> make_problem(const FloatArray& X, const IntArray& classes,
                                      const FloatArray& X_test, const IntArray& classes_test,
                                      double C, const FloatArray& class_weights,
                                      const IntArray& players, const IntArray& empty_counts,
                                      const std::string& single_class, bool squares) {
  if (X.ndim() != 2 || X_test.ndim() != 2 || X.shape(1) != X_test.shape(1))
    throw std::invalid_argument("X and X_test must be matrices of the same width");
  const ProblemSettings settings{.C = C,
                                 .class_weights = view(class_weights),
                                 .player_of_sample = view(players),
                                 .empty_counts = view(empty_counts),
                                 .single_class = single_class_rule(single_class),
                                 .squares = squares};
  const auto n_features = static_cast<std::size_t>(X.shape(1));
  const auto n_classes = static_cast<std::size_t>(empty_counts.size());
  const LabelledSamples train{view(X), view(classes)};
  const LabelledSamples test{view(X_test), view(classes_test)};
  const Checkpoint checkpoint = reporting(report_to(std::nullopt));
  // The caller's references keep the arrays alive; the report takes the GIL again where it needs
  // it.
  const Released release;
  return std::make_unique<Problem>(n_features, n_classes, train, test, settings, checkpoint);
}

// The samples in working coordinates, for tests of their accuracy.
FloatArray penalty(const Problem& problem) {
  return FloatArray(static_cast<py::ssize_t>(problem.columns()),
                    problem.training().penalty().data());
}

FloatArray matrix(std::size_t rows, std::size_t columns) {
  return FloatArray({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
}

FloatArray samples(const Problem& problem) {
  FloatArray result = matrix(problem.training().size(), problem.columns());
  std::copy_n(problem.training().sample(0).data(), result.size(), result.mutable_data());
  return result;
}

FloatArray test_samples(const Problem& problem, std::size_t class_index) {
  if (class_index >= problem.n_classes()) throw py::index_error("there is no such class");
  const SampleTiles& side = problem.test().samples(class_index);
  FloatArray result = matrix(side.size(), problem.columns());
  double* target = result.mutable_data();
  for (std::size_t i = 0; i < side.size(); ++i)
    for (std::size_t j = 0; j < problem.columns(); ++j) *target++ = side.value(i, j);
  return result;
}

}  // namespace

void bind_problem(py::module_& module) {
  py::class_<Problem>(module, "Problem", py::is_final())
      .def(py::init(&make_problem), py::kw_only(), py::arg("X").noconvert(),
           py::arg("classes").noconvert(), py::arg("X_test").noconvert(),
           py::arg("classes_test").noconvert(), py::arg("C"), py::arg("class_weights").noconvert(),
           py::arg("players").noconvert(), py::arg("empty_counts").noconvert(),
           py::arg("single_class"), py::arg("squares") = false)
      .def_property_readonly("n_players", [](const Problem& p) { return p.players().size(); })
      .def_property_readonly("penalty", &penalty)
      .def_property_readonly("rotation_error",
                             [](const Problem& p) { return p.training().rotation_error(); })
      .def_property_readonly("samples", &samples)
      .def("test_samples", &test_samples, py::arg("class_index"));
}

}  // namespace shapcpp::bindings
