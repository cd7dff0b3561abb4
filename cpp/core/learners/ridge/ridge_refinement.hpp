// A ridge regression beyond double precision, for the few margins at the edge of a tie.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/learners/members.hpp"
#include "core/numerics/double_double.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Weights for the indicator of class k, to a billionth of `radius`, from weights that are at most
// `radius` away in the norm of the Hessian. `inverse` is that of the Hessian, a
// lower triangle padded for the kernels.
std::vector<DoubleDouble> refine_ridge(const Members& members, std::size_t k,
                                       std::span<const double> weights,
                                       const AlignedVector& inverse, double radius,
                                       const Checkpoint& checkpoint);

}  // namespace shapcpp
