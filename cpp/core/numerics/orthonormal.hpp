// Householder's method, by the vector loops.
#pragma once

#include "core/numerics/panels.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// As many orthonormal rows, up to rounding, that span those of `vectors`, a matrix wider than high
// whose rows are about of length 1 or zero.
RowMatrix orthonormal_rows(const RowMatrix& vectors, const Checkpoint& checkpoint);

}  // namespace shapcpp
