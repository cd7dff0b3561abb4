// The path between fits, with all terms of its bounds, for tests of the lemmas.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/python.hpp"
#include "core/learners/logistic/logistic_path.hpp"

namespace shapcpp::bindings {
namespace {

class Path {
 public:
  explicit Path(const Problem& problem)
      : problem_(problem),
        members_(problem.training(), problem.n_classes()),
        path_(problem, members_, 1, {checkpoint_, statistics_}) {
    path_.clear();
  }

  void join(std::size_t i) {
    if (i >= problem_.training().size()) throw py::index_error("there is no such sample");
    if (members_.size() == problem_.training().size())
      throw std::invalid_argument("all samples have joined");
    const bool had_base = path_.has_anchor();
    members_.add(i);
    path_.join(i);
    offsets_.push_back(had_base ? expansion().absorbed().offset : 0.0);
  }

  py::tuple estimate() {
    const EstimatedOptimum& optimum = path_.estimate();
    return py::make_tuple(array(optimum.weights.data(), columns()), optimum.radius);
  }

  bool refine() {
    const std::size_t before = builds();
    const bool refined = path_.refine();
    forget_offsets(before);
    return refined;
  }

  // With the optimum comes the inverse of the root of the Hessian that its radius is measured in.
  py::tuple fit(bool anchor) {
    const std::size_t before = builds();
    const FittedOptimum& optimum = path_.fit(anchor);
    forget_offsets(before);
    const Eigen::MatrixXd root = optimum.root_inverse.transpose();  // row by row
    FloatArray rows = array(root.data(), columns() * columns());
    return py::make_tuple(array(optimum.weights.data(), columns()), optimum.radius,
                          rows.reshape({columns(), columns()}));
  }

  bool has_anchor() const { return path_.has_anchor(); }
  bool has_third() const { return has_anchor() && expansion().has_third(); }
  std::string precision() const {
    switch (path_.precision()) {
      case LogisticPath::Precision::kSingle: return "single";
      case LogisticPath::Precision::kWidened: return "widened";
      case LogisticPath::Precision::kDouble: return "double";
    }
    return "";
  }
  bool has_multiplied() const { return path_.has_multiplied(); }
  FloatArray base() const { return vector(expansion().base()); }
  FloatArray displacement() const { return vector(path_.displacement()); }
  FloatArray step() const { return vector(path_.step()); }
  FloatArray offsets() const { return array(offsets_.data(), offsets_.size()); }
  FloatArray gradient() const { return vector(path_.anchor_gradient()); }
  FloatArray hessian() const { return matrix(expansion().hessian()); }
  FloatArray inverse() const { return matrix(expansion().inverse()); }

  py::dict bounds() const {
    py::dict bounds;
    bounds["gradient_rounding"] = path_.anchor_rounding();
    bounds["hessian_rounding"] = expansion().hessian_rounding();
    bounds["inverse_drift"] = expansion().inverse_drift();
    bounds["inverse_root"] = expansion().inverse_root();
    bounds["leverage"] = expansion().leverage();
    bounds["largest_shift"] = path_.shifts().largest;
    bounds["fourth"] = path_.shifts().fourth;
    bounds["eighth"] = path_.shifts().eighth;
    bounds["total"] = path_.error().total;
    bounds["decrement"] = path_.error().decrement;
    bounds["growth"] = path_.error().growth;
    bounds["radius"] = path_.radius();
    bounds["least"] = path_.step_stretch().least;
    bounds["most"] = path_.step_stretch().most;
    return bounds;
  }

 private:
  const Expansion& expansion() const { return path_.expansion(); }
  std::size_t columns() const { return problem_.columns(); }
  std::size_t builds() const { return static_cast<std::size_t>(statistics_.hessian_builds); }

  // A new base expands all losses at itself.
  void forget_offsets(std::size_t builds_before) {
    if (builds() > builds_before) std::fill(offsets_.begin(), offsets_.end(), 0.0);
  }

  static FloatArray array(const double* values, std::size_t size) {
    return FloatArray(static_cast<py::ssize_t>(size), values);
  }
  FloatArray vector(const AlignedVector& values) const { return array(values.data(), columns()); }
  // Column by column, as products with it come out.
  FloatArray matrix(const UpdatedMatrix& updated) const {
    FloatArray result({columns(), columns()});
    AlignedVector unit(expansion().stride());
    AlignedVector column(expansion().stride());
    for (std::size_t j = 0; j < columns(); ++j) {
      unit[j] = 1;
      updated.multiply(unit, column);
      unit[j] = 0;
      std::copy_n(column.data(), columns(), result.mutable_data() + j * columns());
    }
    return result;
  }

  const Problem& problem_;
  const Checkpoint checkpoint_ = [] {};
  Statistics statistics_;
  Members members_;
  LogisticPath path_;
  std::vector<double> offsets_;  // of the margins where losses are expanded
};

}  // namespace

void bind_path(py::module_& module) {
  py::class_<Path>(module, "Path", py::is_final())
      .def(py::init<const Problem&>(), py::arg("problem"), py::keep_alive<1, 2>())
      .def("join", &Path::join, py::arg("i"))
      .def("estimate", &Path::estimate)
      .def("refine", &Path::refine)
      .def("fit", &Path::fit, py::arg("anchor"))
      .def_property_readonly("has_anchor", &Path::has_anchor)
      .def_property_readonly("has_third", &Path::has_third)
      .def_property_readonly("precision", &Path::precision)
      .def_property_readonly("has_multiplied", &Path::has_multiplied)
      .def_property_readonly("base", &Path::base)
      .def_property_readonly("displacement", &Path::displacement)
      .def_property_readonly("step", &Path::step)
      .def_property_readonly("offsets", &Path::offsets)
      .def_property_readonly("gradient", &Path::gradient)
      .def_property_readonly("hessian", &Path::hessian)
      .def_property_readonly("inverse", &Path::inverse)
      .def_property_readonly("bounds", &Path::bounds);
}

}  // namespace shapcpp::bindings
