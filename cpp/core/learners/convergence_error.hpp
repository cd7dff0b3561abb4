// A fit that missed its tolerance: never a value.
#pragma once

#include <stdexcept>

namespace shapcpp {

class ConvergenceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace shapcpp
