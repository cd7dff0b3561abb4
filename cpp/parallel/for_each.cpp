#include "parallel/for_each.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "parallel/threads.hpp"

namespace shapcpp {
namespace {

class Tasks {
 public:
  Tasks(std::size_t n_tasks, const std::function<void(std::size_t)>& task,
        const Checkpoint& checkpoint)
      : n_tasks_(n_tasks), task_(task), checkpoint_(checkpoint) {}

  void on_threads(int threads) {
    std::vector<std::thread> others = start_threads(threads - 1, [this] { work(false); });
    work(true);
    for (std::thread& other : others) other.join();
    if (error_) std::rethrow_exception(error_);
    checkpoint_();
  }

 private:
  void work(bool caller) {
    try {
      for (std::size_t t = next_++; t < n_tasks_ && !stop_; t = next_++) {
        task_(t);
        if (caller) checkpoint_();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_ = true;
    }
  }

  const std::size_t n_tasks_;
  const std::function<void(std::size_t)>& task_;
  const Checkpoint& checkpoint_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_
};

}  // namespace

ForEach for_each_on(int threads, const Report& report) {
  const int most = std::max(threads, 1);
  return [most, checkpoint = reporting(report)](std::size_t n_tasks,
                                                const std::function<void(std::size_t)>& task) {
    const auto useful = static_cast<int>(std::min(n_tasks, static_cast<std::size_t>(most)));
    Tasks(n_tasks, task, checkpoint).on_threads(std::max(useful, 1));
  };
}

}  // namespace shapcpp
