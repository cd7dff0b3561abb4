#include "tests/check.hpp"

int main(int argc, char** argv) {
  return shapcpp::tests::run_tests(argc > 1 ? argv[1] : "");
}
