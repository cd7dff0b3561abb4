#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.hpp"

namespace shapcpp::kernels {

namespace generic {
extern const Kernels table;
}
#ifdef SHAPCPP_X86_LEVELS
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

namespace {

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> tables;
#ifdef SHAPCPP_X86_LEVELS
  // Every feature that the compiler may use: the levels' flags in CMakeLists.txt.
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512) tables.push_back(&avx512::table);
  if (has_avx2) tables.push_back(&avx2::table);
#endif
  tables.push_back(&generic::table);
  return tables;
}

const Kernels& choose() {
  const auto tables = available();
  const char* setting = std::getenv("SHAPCPP_ISA");
  if (setting == nullptr || *setting == '\0') return *tables.front();
  const std::string wanted = setting;
  std::string levels;
  for (const Kernels* table : tables) {
    if (wanted == table->level) return *table;
    levels += (levels.empty() ? "" : ", ") + std::string(table->level);
  }
  const bool known = wanted == "avx2" || wanted == "avx512";
  throw std::invalid_argument("SHAPCPP_ISA='" + wanted + "' is " +
                              (known ? "not supported by this processor" : "unknown") +
                              "; it can be one of: " + levels);
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace shapcpp::kernels
