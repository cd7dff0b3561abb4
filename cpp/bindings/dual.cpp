// The path of one coefficient per member, for tests of its lemmas.
#include <stdexcept>

#include "bindings/python.hpp"
#include "core/game/wide_game.hpp"

namespace shapcpp::bindings {
namespace {

class Dual {
 public:
  Dual(const Problem& problem, bool stored)
      : problem_(problem),
        gram_(problem, stored, checkpoint_),
        members_(gram_, problem.training().size()),
        path_(members_, 1, {checkpoint_, statistics_}) {
    path_.clear();
  }

  void join(std::size_t i) {
    if (i >= problem_.training().size()) throw py::index_error("there is no such sample");
    if (path_.size() == problem_.training().size())
      throw std::invalid_argument("all samples have joined");
    members_.join(i);
    path_.join(i);
  }

  // Coefficients, intercept and bounds.
  py::tuple estimate() {
    const DualScores::Bounds& found = path_.estimate().bounds();
    py::dict bounds;
    bounds["gradient"] = found.gradient;
    bounds["radius"] = found.radius;
    bounds["floor"] = found.floor;
    bounds["offset"] = found.offset;
    bounds["per_length"] = path_.scores().error_per_length();
    bounds["per_norm"] = path_.scores().error_per_norm();
    bounds["error"] = path_.scores().error();
    const FloatArray coefficients(static_cast<py::ssize_t>(path_.size()),
                                  path_.coefficients().data());
    return py::make_tuple(coefficients, path_.intercept(), bounds);
  }
  bool refine() { return path_.refine(); }

  // Margins of the test samples, class by class.
  FloatArray margins() const {
    AlignedVector margins(gram_.width());
    path_.scores().write_margins(margins);
    std::vector<double> values;
    for (std::size_t k = 0; k < problem_.n_classes(); ++k)
      for (std::size_t i = 0; i < problem_.test().samples(k).size(); ++i)
        values.push_back(margins[gram_.first(k) + i]);
    return FloatArray(static_cast<py::ssize_t>(values.size()), values.data());
  }

 private:
  const Problem& problem_;
  const Checkpoint checkpoint_ = [] {};
  Statistics statistics_;
  Gram gram_;
  DualMembers members_;
  DualPath path_;
};

}  // namespace

void bind_dual(py::module_& module) {
  py::class_<Dual>(module, "DualPath", py::is_final())
      .def(py::init<const Problem&, bool>(), py::arg("problem"), py::arg("stored"),
           py::keep_alive<1, 2>())
      .def("join", &Dual::join, py::arg("i"))
      .def("estimate", &Dual::estimate)
      .def("refine", &Dual::refine)
      .def_property_readonly("margins", &Dual::margins);
  module.def(
      "wide_game",
      [](const Problem& problem, bool stored) -> std::unique_ptr<GameFactory> {
        if (most_dual_members(problem.columns()) == 0)
          throw std::invalid_argument("too few columns");
        if (problem.n_classes() == 2)
          return std::make_unique<WideGameFactory<WideGame>>(problem, stored);
        return std::make_unique<WideGameFactory<WideClassGame>>(problem, stored);
      },
      py::arg("problem"), py::arg("stored"), py::keep_alive<0, 1>());
}

}  // namespace shapcpp::bindings
