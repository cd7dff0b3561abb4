#include <atomic>
#include <chrono>
#include <thread>

#include "bindings/python.hpp"

namespace shapcpp::bindings {

namespace {

constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kLook = std::chrono::milliseconds(1);

std::atomic<int> in_passage{0};
std::atomic<bool> closed{false};
std::thread::id closed_by;  // which thread may still pass; written before `closed`

void close_gate() {
  closed_by = std::this_thread::get_id();
  closed = true;
  if (in_forked_child()) return;  // threads that its parent had in passage are not here
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (in_passage > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(kLook);
}

}  // namespace

Passage::Passage() {
  ++in_passage;
  if (!closed || std::this_thread::get_id() == closed_by) return;
  --in_passage;
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

Passage::~Passage() {
  --in_passage;
}

Report report_to(const Progress& progress) {
  return [progress](std::uint64_t done) {
    const Passage passage;
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (progress) (*progress)(done);
  };
}

void close_gate_at_exit() {
  // A thread in passage needs the GIL to come out.
  const py::cpp_function close(&close_gate, py::call_guard<py::gil_scoped_release>());
  py::module_::import("atexit").attr("register")(close);
}

}  // namespace shapcpp::bindings
