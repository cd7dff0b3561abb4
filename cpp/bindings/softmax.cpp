// The multinomial path between fits, with all terms of its bounds, for tests of the lemmas.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "bindings/python.hpp"
#include "core/learners/multinomial/softmax_path.hpp"

namespace shapcpp::bindings {
namespace {

// Classes are numbered in the order in which they arrived.
class SoftmaxWalk {
 public:
  explicit SoftmaxWalk(const Problem& problem)
      : problem_(problem),
        members_(problem.training(), problem.n_classes()),
        arrivals_(problem.training(), problem.n_classes()),
        path_(problem, members_, arrivals_, {checkpoint_, statistics_}) {
    path_.clear();
  }

  void join(std::size_t i) {
    if (i >= problem_.training().size()) throw py::index_error("there is no such sample");
    if (members_.size() == problem_.training().size())
      throw std::invalid_argument("all samples have joined");
    members_.add(i);
    if (path_.metric().left_out() == 0) left_out_.clear();
    path_.join(i, arrivals_.add(i));
    left_out_.resize(members_.size());
    if (path_.has_base()) left_out_.back() = path_.metric().left_out_root();
  }

  py::tuple estimate() {
    const EstimatedSoftmax& optimum = path_.estimate();
    return py::make_tuple(classes(optimum.weights), optimum.radius);
  }
  bool refine() { return path_.refine(); }
  void settle(bool decided) { path_.settle(decided); }
  // With the optimum comes the inverse of the root of the Hessian that its radius is measured in.
  py::tuple fit() {
    if (arrivals_.size() < 2) throw std::invalid_argument("a fit needs two classes");
    const FittedSoftmax& optimum = path_.fit();
    const Eigen::MatrixXd root = optimum.root_inverse.transpose();  // row by row
    FloatArray rows(static_cast<py::ssize_t>(root.size()), root.data());
    const std::size_t d = path_.sums().dimension();
    return py::make_tuple(classes(optimum.weights), optimum.radius, rows.reshape({d, d}));
  }

  bool has_base() const { return path_.has_base(); }
  bool is_rough() const { return path_.is_rough(); }
  FloatArray anchor() const { return classes(path_.anchor()); }
  FloatArray gradient() const {
    return FloatArray(static_cast<py::ssize_t>(path_.sums().dimension()),
                      path_.anchor_gradient().data());
  }
  FloatArray step() const {
    FloatArray result(static_cast<py::ssize_t>(path_.sums().dimension()));
    for (py::ssize_t j = 0; j < result.size(); ++j)
      result.mutable_data()[j] =
          path_.takes_step() ? path_.step()[static_cast<std::size_t>(j)] : 0.0;
    return result;
  }
  // As products have it.
  FloatArray inverse() const {
    const std::size_t d = path_.sums().dimension();
    FloatArray result({d, d});
    AlignedVector unit(path_.sums().padded_dimension());
    AlignedVector product(unit.size());
    for (std::size_t j = 0; j < d; ++j) {
      unit[j] = 1;
      path_.metric().multiply(unit, product);
      unit[j] = 0;
      std::copy_n(product.data(), d, result.mutable_data() + j * d);
    }
    return result;
  }
  FloatArray expanded() const {
    FloatArray result({members_.size(), arrivals_.size()});
    for (std::size_t i = 0; i < members_.size(); ++i)
      for (std::size_t k = 0; k < arrivals_.size(); ++k)
        result.mutable_data()[i * arrivals_.size() + k] = path_.expanded(i, k);
    return result;
  }

  // What the metric lacks of each member's curvature, in contrasts.
  FloatArray left_out() const {
    const std::size_t m = path_.sums().contrasts();
    FloatArray result({members_.size(), m, m});
    std::fill_n(result.mutable_data(), result.size(), 0.0);
    if (path_.metric().left_out() == 0) return result;
    for (std::size_t i = 0; i < left_out_.size(); ++i) {
      const Eigen::MatrixXd lost = left_out_[i] * left_out_[i].transpose();
      std::copy_n(lost.data(), lost.size(), result.mutable_data() + i * m * m);
    }
    return result;
  }

  py::dict bounds() const {
    py::dict bounds;
    bounds["gradient_rounding"] = path_.anchor_rounding();
    bounds["hessian_rounding"] = path_.metric().hessian_rounding();
    bounds["narrowed"] = path_.metric().narrowed();
    bounds["left_out"] = path_.metric().left_out();
    bounds["waiting"] = path_.metric().matrix().waiting();
    bounds["drift"] = path_.metric().drift();
    bounds["inverse_root"] = path_.metric().inverse_root();
    bounds["leverage"] = path_.metric().leverage();
    bounds["largest_shift"] = path_.shifts().largest;
    bounds["fourth"] = path_.shifts().fourth;
    bounds["radius"] = path_.radius();
    bounds["least"] = path_.step_stretch().least;
    bounds["most"] = path_.step_stretch().most;
    bounds["total"] = path_.error().total;
    bounds["decrement"] = path_.error().decrement;
    bounds["growth"] = path_.error().growth;
    bounds["decline"] = path_.error().decline;
    return bounds;
  }

 private:
  FloatArray classes(const AlignedVector& weights) const {
    const std::size_t columns = path_.sums().columns();
    FloatArray result({arrivals_.size(), columns});
    for (std::size_t k = 0; k < arrivals_.size(); ++k)
      std::copy_n(weights.data() + k * path_.sums().stride(), columns,
                  result.mutable_data() + k * columns);
    return result;
  }

  const Problem& problem_;
  const Checkpoint checkpoint_ = [] {};
  Statistics statistics_;
  Members members_;
  Arrivals arrivals_;
  SoftmaxPath path_;
  // Roots of that. None of members that were in the last base.
  std::vector<Eigen::MatrixXd> left_out_;
};

}  // namespace

void bind_softmax(py::module_& module) {
  py::class_<SoftmaxWalk>(module, "SoftmaxPath", py::is_final())
      .def(py::init<const Problem&>(), py::arg("problem"), py::keep_alive<1, 2>())
      .def("join", &SoftmaxWalk::join, py::arg("i"))
      .def("estimate", &SoftmaxWalk::estimate)
      .def("refine", &SoftmaxWalk::refine)
      .def("settle", &SoftmaxWalk::settle, py::arg("decided"))
      .def("fit", &SoftmaxWalk::fit)
      .def_property_readonly("has_base", &SoftmaxWalk::has_base)
      .def_property_readonly("is_rough", &SoftmaxWalk::is_rough)
      .def_property_readonly("anchor", &SoftmaxWalk::anchor)
      .def_property_readonly("step", &SoftmaxWalk::step)
      .def_property_readonly("gradient", &SoftmaxWalk::gradient)
      .def_property_readonly("inverse", &SoftmaxWalk::inverse)
      .def_property_readonly("expanded", &SoftmaxWalk::expanded)
      .def_property_readonly("left_out", &SoftmaxWalk::left_out)
      .def_property_readonly("bounds", &SoftmaxWalk::bounds);
}

}  // namespace shapcpp::bindings
