#include "core/data/kernel_features.hpp"

#include <stdexcept>
#include <tuple>

#include "bindings/python.hpp"

namespace shapcpp::bindings {
namespace {

// Runs `work` on both matrices without the GIL; the report takes it again where it needs it.
template <class Work>
FloatArray made(const FloatArray& rows, std::int64_t n_training, const Work& work) {
  if (rows.ndim() != 2 || n_training < 1 || n_training > rows.shape(0))
    throw std::invalid_argument("the training samples must be the first rows of a matrix");
  FloatArray features({rows.shape(0), static_cast<py::ssize_t>(n_training)});
  const Eigen::Map<const RowMatrix> from(rows.data(), rows.shape(0), rows.shape(1));
  Eigen::Map<RowMatrix> to(features.mutable_data(), rows.shape(0), n_training);
  const Checkpoint checkpoint = reporting(report_to(std::nullopt));
  const Released release;
  work(from, to, checkpoint);
  return features;
}

FloatArray of_gaussian(const FloatArray& samples, std::int64_t n_training, double gamma) {
  return made(samples, n_training, [&](const auto& from, auto& to, const Checkpoint& checkpoint) {
    gaussian_features(from, gamma, to, checkpoint);
  });
}

std::tuple<FloatArray, std::int64_t, double> of_matrix(const FloatArray& entries) {
  Indefinite found;
  FloatArray features = made(entries, entries.ndim() == 2 ? entries.shape(1) : 0,
                             [&](const auto& from, auto& to, const Checkpoint& checkpoint) {
                               found = matrix_features(from, to, checkpoint);
                             });
  return {features, found.row, found.square};
}

}  // namespace

void bind_kernel_features(py::module_& module) {
  module.def("gaussian_features", &of_gaussian, py::kw_only(), py::arg("samples").noconvert(),
             py::arg("n_training"), py::arg("gamma"));
  module.def("matrix_features", &of_matrix, py::kw_only(), py::arg("entries").noconvert());
}

}  // namespace shapcpp::bindings
