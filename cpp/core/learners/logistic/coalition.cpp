#include "core/learners/logistic/coalition.hpp"

#include <algorithm>

namespace shapcpp {

void Coalition::clear() {
  std::fill_n(signs_.begin(), filled_, 0.0);
  filled_ = 0;
}

void Coalition::add(std::size_t i) {
  signs_[filled_++] = sign_of(i);
}

}  // namespace shapcpp
