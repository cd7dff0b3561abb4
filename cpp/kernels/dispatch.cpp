#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"

namespace shapcpp::kernels {

#define SHAPCPP_LOOPS_OF(level)                   \
  namespace level {                               \
  extern const SampleLoops sample_loops;          \
  extern const SingleLoops single_loops;          \
  extern const WidenedLoops widened_loops;        \
  extern const RoughLoops rough_loops;            \
  extern const CommonStepLoops common_step_loops; \
  extern const ClassLoops class_loops;            \
  extern const MatrixLoops matrix_loops;          \
  extern const PathLoops path_loops;              \
  extern const TriangleLoops triangle_loops;      \
  extern const BlockLoops block_loops;            \
  extern const StepLoops step_loops;              \
  }

SHAPCPP_LOOPS_OF(generic)
#ifdef SHAPCPP_X86_LEVELS
SHAPCPP_LOOPS_OF(avx2)
SHAPCPP_LOOPS_OF(avx512)
#endif

namespace {

// From the widest registers to the narrowest.
std::vector<Kernels> available() {
  std::vector<Kernels> levels;
#ifdef SHAPCPP_X86_LEVELS
  // Every feature that the compiler may use: the levels' flags in CMakeLists.txt.
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512)
    levels.push_back({avx512::sample_loops, avx512::single_loops, avx512::common_step_loops,
                      avx512::class_loops, avx512::matrix_loops, avx512::path_loops,
                      avx512::triangle_loops, avx512::block_loops, avx512::widened_loops,
                      avx512::rough_loops, avx512::step_loops, "avx512"});
  if (has_avx2)
    levels.push_back({avx2::sample_loops, avx2::single_loops, avx2::common_step_loops,
                      avx2::class_loops, avx2::matrix_loops, avx2::path_loops, avx2::triangle_loops,
                      avx2::block_loops, avx2::widened_loops, avx2::rough_loops, avx2::step_loops,
                      "avx2"});
#endif
  levels.push_back({generic::sample_loops, generic::single_loops, generic::common_step_loops,
                    generic::class_loops, generic::matrix_loops, generic::path_loops,
                    generic::triangle_loops, generic::block_loops, generic::widened_loops,
                    generic::rough_loops, generic::step_loops, "generic"});
  return levels;
}

Kernels choose() {
  const auto levels = available();
  const char* setting = std::getenv("SHAPCPP_ISA");
  if (setting == nullptr || *setting == '\0') return levels.front();
  const std::string wanted = setting;
  std::string names;
  for (const Kernels& each : levels) {
    if (wanted == each.level) return each;
    names += (names.empty() ? "" : ", ") + std::string(each.level);
  }
  const bool known = wanted == "avx2" || wanted == "avx512";
  throw std::invalid_argument("SHAPCPP_ISA='" + wanted + "' is " +
                              (known ? "not supported by this processor" : "unknown") +
                              "; it can be one of: " + names);
}

}  // namespace

const Kernels& kernels() {
  static const Kernels chosen = choose();
  return chosen;
}

}  // namespace shapcpp::kernels
