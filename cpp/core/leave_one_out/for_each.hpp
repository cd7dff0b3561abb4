// How the core hands out independent tasks without knowing of threads.
#pragma once

#include <cstddef>
#include <functional>

namespace shapcpp {

// Runs task(0), ..., task(n_tasks - 1), in any order and on any number of threads. Tasks write to
// separate places, so that neither order nor threads change a result. May throw to stop the
// computation.
using ForEach =
    std::function<void(std::size_t n_tasks, const std::function<void(std::size_t)>& task)>;

}  // namespace shapcpp
