// An optimum beyond double precision, for the few margins that lie where a tie begins.
#pragma once

#include <vector>

#include "core/data/problem.hpp"
#include "core/learners/logistic/optimum.hpp"
#include "core/numerics/double_double.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Weights whose distance to the optimum of the members is a billionth of the radius of `fitted`,
// which a fit left. They do not depend on the kernels as far as anything is decided by them.
std::vector<DoubleDouble> refine(const Problem& problem, const Optimum& fitted,
                                 const Checkpoint& checkpoint);

}  // namespace shapcpp
