#include <omp.h>

#include <Eigen/Core>
#include <stdexcept>
#include <string>

#include "../core/storage.hpp"
#include "python.hpp"

namespace shapcpp::bindings {
namespace {

py::dict build() {
  py::dict facts;
#if defined(__clang__)
  facts["compiler"] = "Clang " __clang_version__;
#else
  facts["compiler"] = "GCC " __VERSION__;
#endif
  facts["eigen"] = std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
                   "." + std::to_string(EIGEN_MINOR_VERSION);
  facts["openmp"] = std::to_string(_OPENMP);
  facts["sanitized"] = static_cast<bool>(SHAPCPP_SANITIZED);
  return facts;
}

// The kernels' loss derivatives, for tests of their accuracy.
std::pair<FloatArray, FloatArray> logistic(const FloatArray& margins, const FloatArray& signs) {
  const auto n = static_cast<std::size_t>(margins.size());
  if (signs.size() != margins.size())
    throw std::invalid_argument("margins and signs disagree in length");
  const auto padded = [n](std::span<const double> values) {
    AlignedVector copy(values.begin(), values.end());
    copy.resize(padded_rows(n));
    return copy;
  };
  const AlignedVector z = padded(view(margins));
  const AlignedVector y = padded(view(signs));
  const AlignedVector weights(padded_rows(n), 1.0);
  AlignedVector residuals(padded_rows(n));
  AlignedVector curvatures(padded_rows(n));
  kernels::kernels().logistic(z.data(), y.data(), weights.data(), padded_rows(n), residuals.data(),
                              curvatures.data());
  const auto size = static_cast<py::ssize_t>(n);
  return {FloatArray(size, residuals.data()), FloatArray(size, curvatures.data())};
}

}  // namespace

void bind_build(py::module_& module) {
  module.attr("__version__") = SHAPCPP_VERSION;
  module.def("build", &build);
  module.def("instruction_set", [] { return std::string(kernels::kernels().level); });
  module.def("logistic", &logistic, py::arg("margins").noconvert(), py::arg("signs").noconvert());
}

}  // namespace shapcpp::bindings
