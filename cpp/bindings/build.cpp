#include <Eigen/Core>
#include <string>

#include "bindings/python.hpp"

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
  facts["sanitized"] = static_cast<bool>(SHAPCPP_SANITIZED);
  return facts;
}

}  // namespace

void bind_build(py::module_& module) {
  module.attr("__version__") = SHAPCPP_VERSION;
  module.def("build", &build);
  module.def("instruction_set", [] { return std::string(kernels::kernels().level); });
}

}  // namespace shapcpp::bindings
