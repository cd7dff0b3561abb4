// The objects shared by all computations of one thread.
#pragma once

#include "core/run/checkpoint.hpp"
#include "core/run/statistics.hpp"
#include "kernels/kernels.hpp"

namespace shapcpp {

// All three must outlive whatever is made with them.
struct Context {
  const Checkpoint& checkpoint;
  Statistics& statistics;
  const kernels::Kernels& kernels = kernels::kernels();
};

}  // namespace shapcpp
