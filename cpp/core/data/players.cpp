#include "core/data/players.hpp"

#include <algorithm>

#include "core/data/require.hpp"

namespace shapcpp {

Players::Players(std::span<const std::int64_t> player_of_sample) {
  const std::size_t n = player_of_sample.size();
  const std::int64_t last = *std::max_element(player_of_sample.begin(), player_of_sample.end());
  require(*std::min_element(player_of_sample.begin(), player_of_sample.end()) >= 0 &&
              static_cast<std::size_t>(last) < n,
          "a player is out of range");
  first_sample_.assign(static_cast<std::size_t>(last) + 2, 0);
  for (const auto player : player_of_sample) ++first_sample_[static_cast<std::size_t>(player) + 1];
  for (std::size_t p = 1; p < first_sample_.size(); ++p) {
    require(first_sample_[p] > 0, "a player has no samples");
    first_sample_[p] += first_sample_[p - 1];
  }
  samples_.resize(n);
  auto next = first_sample_;
  for (std::size_t i = 0; i < n; ++i)
    samples_[next[static_cast<std::size_t>(player_of_sample[i])]++] = i;
  are_samples_ = size() == n && std::is_sorted(samples_.begin(), samples_.end());
}

double Players::bytes(const RunShape& s) {
  return kNumberBytes * (s.samples() + s.players());
}

}  // namespace shapcpp
