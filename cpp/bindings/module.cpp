#include "bindings/python.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ engine of shapcpp. Private: use the functions of the package.";
  shapcpp::bindings::bind_problem(module);
  shapcpp::bindings::bind_tally(module);
  shapcpp::bindings::bind_runs(module);
  shapcpp::bindings::bind_model_game(module);
  shapcpp::bindings::bind_build(module);
  shapcpp::bindings::bind_leave_one_out(module);
  shapcpp::bindings::bind_kernel_features(module);
  shapcpp::bindings::close_gate_at_exit();

  pybind11::module_ testing =
      module.def_submodule("testing", "Parts of the engine, for its tests.");
  shapcpp::bindings::bind_testing(testing);
  shapcpp::bindings::bind_path(testing);
  shapcpp::bindings::bind_dual(testing);
  shapcpp::bindings::bind_softmax(testing);
  shapcpp::bindings::bind_common_steps(testing);
  shapcpp::bindings::bind_kernels(testing);
}
