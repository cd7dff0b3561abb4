// The hook by which long loops of the core ask whether to go on.
#pragma once

#include <functional>

namespace shapcpp {

// Called at least ten times a second, by the thread that computes. Throws to stop the computation;
// whatever was unfinished is then dropped whole.
using Checkpoint = std::function<void()>;

}  // namespace shapcpp
