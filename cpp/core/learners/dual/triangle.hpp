// A symmetric matrix that grows row by row: the lower triangle.
#pragma once

#include <cstddef>

#include "core/numerics/storage.hpp"

namespace shapcpp {

template <class Real>
struct TriangleOf {
  explicit TriangleOf(std::size_t capacity)
      : pitch(padded_rows(capacity) + kernels::kRowMultiple),
        values(checked_product(capacity, pitch, "a triangle")) {}
  Real* row(std::size_t i) { return values.data() + i * pitch; }
  const Real* row(std::size_t i) const { return values.data() + i * pitch; }

  const std::size_t pitch;
  Aligned<Real> values;
};

using Triangle = TriangleOf<double>;

}  // namespace shapcpp
