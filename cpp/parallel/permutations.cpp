#include "parallel/permutations.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/samplers/permutation.hpp"
#include "parallel/threads.hpp"

namespace shapcpp {
namespace {

bool forked = false;
[[maybe_unused]] const int fork_watch = pthread_atfork(nullptr, nullptr, [] { forked = true; });

constexpr auto kReportEvery = std::chrono::milliseconds(50);

struct Stopped {};

class Run {
 public:
  Run(const Sampling& sampling, IndexRange range, const Report& report,
      const RecorderFactory& new_recorder)
      : sampling_(sampling),
        range_(range),
        report_(report),
        new_recorder_(new_recorder),
        next_(range.first) {}

  void on_threads(int threads) {
    std::vector<std::thread> others = start_threads(threads - 1, [this] { work(false); });
    work(true);
    wait_for(static_cast<int>(others.size()));
    for (std::thread& other : others) other.join();
    if (error_) std::rethrow_exception(error_);
    report_(done_);
  }

 private:
  void work(bool caller) {
    guarded([&] {
      auto last_report = std::chrono::steady_clock::now();
      const Checkpoint checkpoint = [&] {
        if (stop_) throw Stopped{};
        if (!caller) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_report < kReportEvery) return;
        last_report = now;
        report_(done_);
      };
      play_all(checkpoint);
    });
    if (caller) return;
    const std::lock_guard lock(mutex_);
    ++finished_;
    finished_changed_.notify_one();
  }

  void play_all(const Checkpoint& checkpoint) {
    Statistics statistics;
    const auto game = sampling_.game.make({checkpoint, statistics});
    const auto recorder = new_recorder_();
    std::vector<std::int64_t> order(game->n_players());
    for (std::uint64_t t = next_++; t < range_.end; t = next_++) {
      checkpoint();
      const RandomWords words = fill_permutation(sampling_.seed, t, order);
      OpenSigns open = sampling_.sampler.play(*game, order, words, sampling_.grand, *recorder);
      if (t == 0) open += sampling_.sampler.open_beforehand();
      const std::lock_guard lock(mutex_);
      recorder->commit({t, t + 1}, open, std::exchange(statistics, {}));
      ++done_;
    }
  }

  // The calling thread goes on reporting while others finish, so that Ctrl-C is heard.
  void wait_for(int others) {
    std::unique_lock lock(mutex_);
    while (finished_ < others) {
      finished_changed_.wait_for(lock, kReportEvery);
      if (stop_) continue;
      lock.unlock();
      guarded([&] { report_(done_); });
      lock.lock();
    }
  }

  template <class Body>
  void guarded(const Body& body) {
    try {
      body();
    } catch (const Stopped&) {
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_ = true;
    }
  }

  const Sampling& sampling_;
  const IndexRange range_;
  const Report& report_;
  const RecorderFactory& new_recorder_;

  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable finished_changed_;
  int finished_ = 0;          // guarded by mutex_
  std::exception_ptr error_;  // guarded by mutex_
};

}  // namespace

Checkpoint reporting(const Report& report) {
  return [report, last_report = std::chrono::steady_clock::now()]() mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report < kReportEvery) return;
    last_report = now;
    report(0);
  };
}

void run_permutations(const Sampling& sampling, IndexRange range, int threads, const Report& report,
                      const RecorderFactory& new_recorder) {
  Run run(sampling, range, report, new_recorder);
  const auto useful = static_cast<int>(std::min<std::uint64_t>(
      range.end - range.first, static_cast<std::uint64_t>(std::max(threads, 1))));
  run.on_threads(std::max(useful, 1));
}

bool in_forked_child() {
  return forked;
}

}  // namespace shapcpp
