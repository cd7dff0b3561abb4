#include "core/samplers/walk.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/judges/margin_watch.hpp"
#include "core/learners/logistic/dense_path.hpp"
#include "core/learners/logistic/logistic_path.hpp"
#include "core/samplers/block.hpp"

namespace shapcpp {

// So many joins ahead samples are asked for: they are strewn over memory.
constexpr std::size_t kAhead = 4;

// A growing coalition and its correct predictions.
class Walk::Fitted {
 public:
  virtual ~Fitted() = default;
  virtual void clear() = 0;
  virtual void join(std::size_t i) = 0;
  virtual const Coalition& members() const = 0;
  // Writes the correct predictions of the optimum; returns how many signs stayed undecided.
  virtual std::int64_t count(std::span<std::int64_t> correct) = 0;
};

class Walk::Certified final : public Walk::Fitted {
 public:
  Certified(const Problem& problem, const Checkpoint& checkpoint, Statistics& statistics)
      : statistics_(statistics),
        path_(problem, checkpoint, statistics),
        watch_(problem, statistics) {}
  void clear() override {
    path_.clear();
    watch_.clear();
    failures_ = rest_ = 0;
  }
  void join(std::size_t i) override { path_.join(i); }
  const Coalition& members() const override { return path_.members(); }

  std::int64_t count(std::span<std::int64_t> correct) override {
    watch_.begin();
    if (rest_ > 0) {
      --rest_;
    } else if (path_.has_anchor()) {
      bool untouched = true;
      do {
        const Optimum& estimate = path_.estimate();
        if (watch_.could_decide(estimate) && watch_.look(estimate)) {
          failures_ = std::max(failures_ - 1, 0);
          statistics_.without_pass += untouched ? 1 : 0;
          return watch_.count(correct);
        }
        untouched = false;
      } while (path_.refine());
      failures_ = std::min(failures_ + 1, kMostFailures);
      rest_ = (1 << failures_) - 1;
    }
    watch_.look_closely(path_.fit(rest_ == 0));
    return watch_.count(correct);
  }

 private:
  static constexpr int kMostFailures = 6;

  Statistics& statistics_;
  LogisticPath path_;
  MarginWatch watch_;
  // Where bounds do not help (a margin that stays zero, features without a scale), trying them at
  // every join is waste: after each failure in a row, twice as many joins are fitted without.
  int failures_ = 0;
  int rest_ = 0;
};

class Walk::Dense final : public Walk::Fitted {
 public:
  Dense(const Problem& problem, const Checkpoint& checkpoint, Statistics& statistics)
      : path_(problem, checkpoint, statistics), watch_(problem, statistics) {}
  void clear() override { path_.clear(); }
  void join(std::size_t i) override { path_.join(i); }
  const Coalition& members() const override { return path_.members(); }

  std::int64_t count(std::span<std::int64_t> correct) override {
    return watch_.count_all(path_.fit(), correct);
  }

 private:
  DensePath path_;
  MarginWatch watch_;
};

Walk::Walk(const Problem& problem, Method method, const Checkpoint& checkpoint)
    : problem_(problem), checkpoint_(checkpoint) {
  if (method == Method::kDense)
    fitted_ = std::make_unique<Dense>(problem, checkpoint, statistics_);
  else
    fitted_ = std::make_unique<Certified>(problem, checkpoint, statistics_);
}

Walk::~Walk() = default;

Statistics Walk::take_statistics() {
  return std::exchange(statistics_, Statistics{});
}

Score Walk::everyone() {
  fitted_->clear();
  for (std::size_t i = 0; i < problem_.n_samples(); ++i) fitted_->join(i);
  Score result{Counts(problem_.n_classes()), 0};
  result.uncertified = score(result.correct);
  return result;
}

std::int64_t Walk::along(std::span<const std::int64_t> order, const Score& everyone,
                         std::span<std::int64_t> path) {
  const std::size_t k = problem_.n_classes();
  const std::size_t n = problem_.n_players();
  if (order.size() != n || path.size() != (n + 1) * k)
    throw std::invalid_argument("an order or its path has the wrong length");
  std::copy(everyone.correct.begin(), everyone.correct.end(),
            path.end() - static_cast<std::ptrdiff_t>(k));
  ++statistics_.joins;  // of the last, known beforehand
  return everyone.uncertified + beginning(order.first(n - 1), path.first(n * k));
}

std::int64_t Walk::beginning(std::span<const std::int64_t> order, std::span<std::int64_t> path) {
  const std::size_t k = problem_.n_classes();
  const std::size_t n = order.size();
  if (path.size() != (n + 1) * k)
    throw std::invalid_argument("the path of an order has the wrong length");
  std::int64_t uncertified = 0;
  fitted_->clear();
  std::copy(problem_.empty_counts().begin(), problem_.empty_counts().end(), path.begin());
  for (std::size_t step = 1; step <= n; ++step) {
    problem_.prefetch(static_cast<std::size_t>(order[std::min(step + kAhead, n) - 1]));
    join(order[step - 1]);
    uncertified += score(path.subspan(step * k, k));
  }
  return uncertified;
}

void Walk::join(std::int64_t player) {
  ++statistics_.joins;
  for (const std::size_t i : problem_.members(static_cast<std::size_t>(player))) {
    checkpoint_();
    fitted_->join(i);
  }
}

// Both orders of the two halves of each block, blocks before the block they are halves of: what a
// block leaves behind is the coalition from which its sibling's players join.
struct Walk::Halving {
  Walk& walk;
  std::span<const std::int64_t> order;
  const Score& everyone;
  std::span<std::int64_t> gains;
  std::size_t leaf;
  std::int64_t uncertified;

  // Leaves the walk at the coalition of the block and returns its counts.
  Counts walk_through(const Block& block) {
    if (block.is_leaf(leaf)) {
      walk.fitted_->clear();
      return grow(walk.problem_.empty_counts(), block, nullptr);
    }
    const Block left = block.left();
    const Block right = block.right();
    const Counts both = grow(walk_through(left), right, nullptr);
    return grow(walk_through(right), left, &both);
  }

  // The players of a block join the coalition that scores `before`. The last one leads to `known`
  // where given: however a coalition is reached it scores the same, and gains add up.
  Counts grow(Counts before, const Block& block, const Counts* known) {
    const std::size_t k = before.size();
    Counts after(k);
    for (std::size_t step = block.first; step < block.end; ++step) {
      walk.join(order[step]);
      if (step + 1 == block.end && known != nullptr)
        after = *known;
      else if (walk.fitted_->members().size() == walk.problem_.n_samples())
        after = everyone.correct;
      else
        uncertified += walk.score(after);
      std::int64_t* gain = gains.data() + static_cast<std::size_t>(order[step]) * k;
      for (std::size_t a = 0; a < k; ++a) gain[a] += block.share * (after[a] - before[a]);
      before.swap(after);
    }
    return before;
  }
};

std::int64_t Walk::halving(std::span<const std::int64_t> order, const Score& everyone,
                           std::size_t leaf, std::span<std::int64_t> gains) {
  const std::size_t n = problem_.n_players();
  if (order.size() != n || gains.size() != n * problem_.n_classes() || leaf == 0)
    throw std::invalid_argument("an order, its gains or a leaf has the wrong length");
  Halving halving{*this, order, everyone, gains, leaf, everyone.uncertified};
  halving.walk_through(Block::whole(n, leaf));
  return halving.uncertified;
}

std::int64_t Walk::score(std::span<std::int64_t> correct) {
  const Coalition& members = fitted_->members();
  if (members.has_both_classes()) {
    ++statistics_.coalitions;
    return fitted_->count(correct);
  }
  if (problem_.single_class() == SingleClass::kCarry) {
    std::copy(problem_.empty_counts().begin(), problem_.empty_counts().end(), correct.begin());
  } else {
    std::fill(correct.begin(), correct.end(), 0);
    const std::size_t present = members.only_class();
    correct[present] = problem_.test_counts()[present];
  }
  return 0;
}

}  // namespace shapcpp
