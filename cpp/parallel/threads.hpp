// Threads of a run: as many as the system grants.
#pragma once

#include <cstddef>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace shapcpp {

// Starts up to `count` threads that do `work`. Limits on processes or on address space may refuse
// some: the work must go on with those there are.
template <class Work>
std::vector<std::thread> start_threads(int count, const Work& work) {
  std::vector<std::thread> started;
  started.reserve(static_cast<std::size_t>(count));
  try {
    for (int i = 0; i < count; ++i) started.emplace_back(work);
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  return started;
}

}  // namespace shapcpp
