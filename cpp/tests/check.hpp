// A test framework of a few dozen lines: TEST("a sentence") { ... }. CHECK(condition) and
// CHECK_THROWS(type, expression) continue after a failure. `main` runs the tests whose names
// contain its argument, or all tests.
#pragma once

#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

namespace shapcpp::tests {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& all_tests() {
  static std::vector<Test> tests;
  return tests;
}

inline int failures = 0;

struct Registration {
  Registration(const char* name, void (*body)()) { all_tests().push_back({name, body}); }
};

inline void check(bool holds, const char* condition, const char* file, int line) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
}

inline int run_tests(const char* filter) {
  for (const Test& test : all_tests()) {
    if (std::strstr(test.name, filter) == nullptr) continue;
    const int before = failures;
    try {
      test.body();
    } catch (const std::exception& error) {
      ++failures;
      std::fprintf(stderr, "threw: %s\n", error.what());
    }
    std::printf("%s  %s\n", failures == before ? "ok  " : "FAIL", test.name);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace shapcpp::tests

#define SHAPCPP_JOIN_(a, b) a##b
#define SHAPCPP_JOIN(a, b) SHAPCPP_JOIN_(a, b)
#define TEST(name)                                                       \
  static void SHAPCPP_JOIN(test_, __LINE__)();                           \
  static const shapcpp::tests::Registration SHAPCPP_JOIN(is_, __LINE__)( \
      name, &SHAPCPP_JOIN(test_, __LINE__));                             \
  static void SHAPCPP_JOIN(test_, __LINE__)()
#define CHECK(condition) shapcpp::tests::check((condition), #condition, __FILE__, __LINE__)
#define CHECK_THROWS(type, expression)                                               \
  do {                                                                               \
    bool thrown = false;                                                             \
    try {                                                                            \
      static_cast<void>(expression);                                                 \
    } catch (const type&) {                                                          \
      thrown = true;                                                                 \
    }                                                                                \
    shapcpp::tests::check(thrown, #expression " throws " #type, __FILE__, __LINE__); \
  } while (false)
