#include <map>
#include <string>
#include <tuple>

#include "bindings/python.hpp"
#include "core/leave_one_out/ridge.hpp"
#include "core/leave_one_out/steepness.hpp"
#include "parallel/for_each.hpp"

namespace shapcpp::bindings {
namespace {

Similarity similarity_named(const std::string& name) {
  static const std::map<std::string, Similarity> known = {{"product", Similarity::kProduct},
                                                          {"gaussian", Similarity::kGaussian},
                                                          {"laplacian", Similarity::kLaplacian}};
  const auto found = known.find(name);
  if (found == known.end()) throw std::invalid_argument("no similarity is called " + name);
  return found->second;
}

std::tuple<FloatArray, double, double, std::int64_t> leave_one_out_of(
    const FloatArray& X, const IntArray& classes, std::int64_t n_classes,
    const std::string& similarity, double width, const IntArray& landmarks,
    const FloatArray& factors, const IntArray& judged, int threads, const Progress& progress) {
  if (X.ndim() != 2) throw std::invalid_argument("X must be a matrix");
  const Eigen::Map<const RowMatrix> samples(X.data(), X.shape(0), X.shape(1));
  const ViewOptions options = {similarity_named(similarity), width, view(landmarks)};
  const ForEach for_each = for_each_on(threads, report_to(progress));
  const auto run = [&] {
    // This touches no Python object; the report takes the GIL again if it does.
    const Released release;
    return leave_one_out(make_view(samples, options, for_each), view(classes), n_classes,
                         view(factors), view(judged), for_each);
  };
  const LeaveOneOut result = run();
  FloatArray predictions({result.predictions.rows(), result.predictions.cols()});
  std::copy_n(result.predictions.data(), result.predictions.size(), predictions.mutable_data());
  return {predictions, result.loss, result.penalty, result.rank};
}

FloatArray steepness_of(const FloatArray& X, const IntArray& classes, std::int64_t n_classes,
                        double width, const IntArray& landmarks, const FloatArray& factors,
                        int threads, const Progress& progress) {
  if (X.ndim() != 2) throw std::invalid_argument("X must be a matrix");
  const Eigen::Map<const RowMatrix> samples(X.data(), X.shape(0), X.shape(1));
  const ForEach for_each = for_each_on(threads, report_to(progress));
  const auto run = [&] {
    const Released release;
    return steepness(samples, view(classes), n_classes, width, view(landmarks), view(factors),
                     for_each);
  };
  const Eigen::VectorXd result = run();
  FloatArray array(result.size());
  std::copy_n(result.data(), result.size(), array.mutable_data());
  return array;
}

}  // namespace

void bind_leave_one_out(py::module_& module) {
  module.def("leave_one_out", &leave_one_out_of, py::kw_only(), py::arg("X"), py::arg("classes"),
             py::arg("n_classes"), py::arg("similarity"), py::arg("width"), py::arg("landmarks"),
             py::arg("factors"), py::arg("judged"), py::arg("threads"),
             py::arg("progress") = py::none());
  module.def("steepness", &steepness_of, py::kw_only(), py::arg("X"), py::arg("classes"),
             py::arg("n_classes"), py::arg("width"), py::arg("landmarks"), py::arg("factors"),
             py::arg("threads"), py::arg("progress") = py::none());
}

}  // namespace shapcpp::bindings
