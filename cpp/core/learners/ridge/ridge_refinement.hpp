// A ridge regression beyond double precision, for the few margins that lie where a tie begins.
#pragma once

#include <cstddef>
#include <vector>

#include "core/learners/members.hpp"
#include "core/numerics/double_double.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Weights for the indicator of class k, from weights that are `radius` away at most in the norm of
// the Hessian, to a billionth of that. `inverse` is that of the Hessian, padded for the kernels.
std::vector<DoubleDouble> refine_ridge(const Members& members, std::size_t k,
                                       const AlignedVector& weights, const AlignedVector& inverse,
                                       double radius, const Checkpoint& checkpoint);

}  // namespace shapcpp
