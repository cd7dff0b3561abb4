// The only door to pybind11: array types, each with one name here and in _core.pyi.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/data/conventions.hpp"
#include "core/game/model.hpp"
#include "parallel/permutations.hpp"

namespace shapcpp::bindings {

namespace py = pybind11;

using FloatArray = py::array_t<double, py::array::c_style>;
using IntArray = py::array_t<std::int64_t, py::array::c_style>;

template <class T>
std::span<const T> view(const py::array_t<T, py::array::c_style>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

inline IntArray to_array(const std::vector<std::int64_t>& values,
                         std::initializer_list<std::size_t> shape) {
  IntArray array(std::vector<py::ssize_t>(shape.begin(), shape.end()));
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

using Progress = std::optional<py::function>;

// A thread constructs this before it asks for the GIL. When the interpreter ends, Python up to 3.13
// unwinds daemon threads that wait for the GIL, which aborts the process if C++ frames are among
// those unwound. So the gate is closed before that: threads already in passage are let out, and
// others wait here for the end of the process, as in Python 3.14.
class Passage {
 public:
  Passage();
  ~Passage();
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;
};

// Gives the GIL away while it exists, and takes it again by the gate.
class Released {
 public:
  Released() = default;
  ~Released() {
    const Passage passage;
    release_.reset();
  }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 private:
  std::optional<py::gil_scoped_release> release_{std::in_place};
};

SingleClass single_class_rule(const std::string& name);

// Called from C++ without the GIL: checks for Ctrl-C and passes progress on.
Report report_to(const Progress& progress);

// Closes the gate of passages once the interpreter ends.
void close_gate_at_exit();

// As in Python; throws std::invalid_argument.
Model model_of(const std::string& name);

void bind_problem(py::module_& module);
void bind_tally(py::module_& module);
void bind_runs(py::module_& module);
void bind_model_game(py::module_& module);
void bind_build(py::module_& module);
void bind_leave_one_out(py::module_& module);
void bind_kernel_features(py::module_& module);

// For tests alone, in the submodule `testing`.
void bind_testing(py::module_& module);
void bind_path(py::module_& module);
void bind_dual(py::module_& module);
void bind_softmax(py::module_& module);
void bind_common_steps(py::module_& module);
void bind_kernels(py::module_& module);

}  // namespace shapcpp::bindings
