#include "parallel/permutations.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "core/samplers/permutation.hpp"

namespace shapcpp {
namespace {

bool forked = false;
[[maybe_unused]] const int fork_watch = pthread_atfork(nullptr, nullptr, [] { forked = true; });

constexpr auto kReportEvery = std::chrono::milliseconds(50);

struct Stopped {};

class Run {
 public:
  Run(const Problem& problem, Method method, const Score& everyone, std::uint64_t seed,
      const Halving* halving, IndexRange range, const Report& report, Tally& tally)
      : problem_(problem),
        method_(method),
        everyone_(everyone),
        seed_(seed),
        halving_(halving),
        range_(range),
        report_(report),
        tally_(tally),
        next_(range.first) {}

  void on_threads(int threads) {
    std::vector<std::thread> others = start(threads - 1);
    work(true);
    wait_for(static_cast<int>(others.size()));
    for (std::thread& other : others) other.join();
    if (error_) std::rethrow_exception(error_);
    report_(done_);
  }

 private:
  // Limits on processes or on address space may refuse threads: the run goes on with those it has.
  std::vector<std::thread> start(int count) {
    std::vector<std::thread> others;
    others.reserve(static_cast<std::size_t>(count));
    try {
      for (int i = 0; i < count; ++i) others.emplace_back([this] { work(false); });
    } catch (const std::system_error&) {
    } catch (const std::bad_alloc&) {
    }
    return others;
  }

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
      walk_all(checkpoint);
    });
    if (caller) return;
    const std::lock_guard lock(mutex_);
    ++finished_;
    finished_changed_.notify_one();
  }

  void walk_all(const Checkpoint& checkpoint) {
    Walk walk(problem_, method_, checkpoint);
    std::vector<std::int64_t> order(problem_.n_players());
    std::vector<std::int64_t> path(
        checked_product(order.size() + 1, problem_.n_classes(), "the counts along a permutation"));
    std::vector<std::int64_t> changes(order.size() * problem_.n_classes());
    for (std::uint64_t t = next_++; t < range_.end; t = next_++) {
      checkpoint();
      const RandomWords words = fill_permutation(seed_, t, order);
      std::fill(changes.begin(), changes.end(), 0);
      std::int64_t uncertified = 0;
      if (halving_ != nullptr) {
        uncertified = halving_->add(walk, order, words, everyone_, changes);
      } else {
        uncertified = walk.along(order, everyone_, path);
        add_changes(order, path, changes);
      }
      const std::lock_guard lock(mutex_);
      tally_.add({t, t + 1}, changes, uncertified, walk.take_statistics());
      ++done_;
    }
  }

  // The caller goes on reporting while others finish, so that Ctrl-C is heard.
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

  const Problem& problem_;
  const Method method_;
  const Score& everyone_;
  const std::uint64_t seed_;
  const Halving* const halving_;
  const IndexRange range_;
  const Report& report_;
  Tally& tally_;  // guarded by mutex_

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

Score evaluate_everyone(const Problem& problem, Method method, const Report& report) {
  const Checkpoint checkpoint = reporting(report);
  return Walk(problem, method, checkpoint).everyone();
}

Halving prepare_halving(const Problem& problem, Method method, std::uint64_t seed,
                        const Report& report) {
  return Halving(problem, method, seed, reporting(report));
}

void run_permutations(const Problem& problem, Method method, const Score& everyone,
                      std::uint64_t seed, const Halving* halving, IndexRange range, int threads,
                      const Report& report, Tally& tally) {
  Run run(problem, method, everyone, seed, halving, range, report, tally);
  const auto useful = static_cast<int>(std::min<std::uint64_t>(
      range.end - range.first, static_cast<std::uint64_t>(std::max(threads, 1))));
  run.on_threads(std::max(useful, 1));
}

bool in_forked_child() {
  return forked;
}

}  // namespace shapcpp
