#include "../core/problem.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include "python.hpp"

namespace shapcpp::bindings {
namespace {

SingleClass single_class_rule(const std::string& name) {
  if (name == "constant") return SingleClass::kConstant;
  if (name == "carry") return SingleClass::kCarry;
  throw std::invalid_argument("unknown rule for one-class coalitions: " + name);
}

std::unique_ptr<Problem> make_problem(const FloatArray& X, const IntArray& classes,
                                      const FloatArray& X_test, const IntArray& classes_test,
                                      double C, const FloatArray& class_weights,
                                      const IntArray& players, const IntArray& empty_counts,
                                      const std::string& single_class) {
  if (X.ndim() != 2 || X_test.ndim() != 2 || X.shape(1) != X_test.shape(1))
    throw std::invalid_argument("X and X_test must be matrices of the same width");
  const ProblemSettings settings{.C = C,
                                 .class_weights = view(class_weights),
                                 .player_of_sample = view(players),
                                 .empty_counts = view(empty_counts),
                                 .single_class = single_class_rule(single_class)};
  const auto n_features = static_cast<std::size_t>(X.shape(1));
  const auto n_classes = static_cast<std::size_t>(empty_counts.size());
  const LabelledSamples train{view(X), view(classes)};
  const LabelledSamples test{view(X_test), view(classes_test)};
  const Checkpoint checkpoint = reporting(report_to(std::nullopt));
  // The arrays are held by the caller's references; the report takes the GIL again where it needs
  // it.
  const py::gil_scoped_release release;
  return std::make_unique<Problem>(n_features, n_classes, train, test, settings, checkpoint);
}

}  // namespace

void bind_problem(py::module_& module) {
  py::class_<Problem>(module, "Problem", py::is_final())
      .def(py::init(&make_problem), py::kw_only(), py::arg("X").noconvert(),
           py::arg("classes").noconvert(), py::arg("X_test").noconvert(),
           py::arg("classes_test").noconvert(), py::arg("C"), py::arg("class_weights").noconvert(),
           py::arg("players").noconvert(), py::arg("empty_counts").noconvert(),
           py::arg("single_class"))
      .def_property_readonly("n_players", &Problem::n_players);
}

}  // namespace shapcpp::bindings
