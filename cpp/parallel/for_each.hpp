// Independent tasks over threads.
#pragma once

#include "core/leave_one_out/for_each.hpp"
#include "parallel/permutations.hpp"

namespace shapcpp {

// Hands out tasks to `threads` threads. The report is called on the calling thread between its
// tasks; if it or a task throws, no further task begins, and the first exception is thrown again.
ForEach for_each_on(int threads, const Report& report);

}  // namespace shapcpp
