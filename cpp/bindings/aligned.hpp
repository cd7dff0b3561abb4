// Between arrays of Python and the aligned vectors of the kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "bindings/python.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp::bindings {

inline void check_size(const FloatArray& array, std::size_t size, const char* name) {
  if (static_cast<std::size_t>(array.size()) != size)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(array.size()) +
                                " numbers, not " + std::to_string(size));
}

template <class T>
FloatArray to_array(const Aligned<T>& values, std::size_t size) {
  FloatArray array(static_cast<py::ssize_t>(size));
  std::copy_n(values.begin(), size, array.mutable_data());
  return array;
}

// A copy that is filled up with zeros.
template <class T = double>
Aligned<T> padded(const FloatArray& array, std::size_t size) {
  Aligned<T> copy(size);
  std::transform(array.data(), array.data() + array.size(), copy.begin(),
                 [](double value) { return static_cast<T>(value); });
  return copy;
}

}  // namespace shapcpp::bindings
