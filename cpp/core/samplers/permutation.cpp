#include "core/samplers/permutation.hpp"

#include <cstddef>
#include <numeric>
#include <utility>

namespace shapcpp {

RandomWords fill_permutation(std::uint64_t seed, std::uint64_t index,
                             std::span<std::int64_t> order) {
  std::iota(order.begin(), order.end(), std::int64_t{0});
  RandomWords words(seed, index);
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[words.below(i + 1)]);
  return words;
}

}  // namespace shapcpp
