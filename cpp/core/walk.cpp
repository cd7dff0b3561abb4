#include "walk.hpp"

#include <algorithm>
#include <stdexcept>

namespace shapcpp {

Walk::Walk(const Problem& problem, const Checkpoint& checkpoint)
    : problem_(problem), checkpoint_(checkpoint), model_(problem, checkpoint), watch_(problem) {}

Score Walk::everyone() {
  model_.clear();
  for (std::size_t i = 0; i < problem_.n_samples(); ++i) model_.join(i);
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
  std::int64_t uncertified = everyone.uncertified;
  model_.clear();
  std::copy(problem_.empty_counts().begin(), problem_.empty_counts().end(), path.begin());
  for (std::size_t step = 1; step < n; ++step) {
    checkpoint_();
    for (const std::size_t i : problem_.members(static_cast<std::size_t>(order[step - 1])))
      model_.join(i);
    uncertified += score(path.subspan(step * k, k));
  }
  std::copy(everyone.correct.begin(), everyone.correct.end(),
            path.end() - static_cast<std::ptrdiff_t>(k));
  return uncertified;
}

std::int64_t Walk::score(std::span<std::int64_t> correct) {
  if (model_.has_both_classes()) return watch_.count(model_.fit(), correct);
  if (problem_.single_class() == SingleClass::kCarry) {
    std::copy(problem_.empty_counts().begin(), problem_.empty_counts().end(), correct.begin());
  } else {
    std::fill(correct.begin(), correct.end(), 0);
    const std::size_t present = model_.only_class();
    correct[present] = problem_.test_counts()[present];
  }
  return 0;
}

}  // namespace shapcpp
