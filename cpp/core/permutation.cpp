#include "permutation.hpp"

#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

namespace shapcpp {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t upper(Wide product) {
  return static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t lower(Wide product) {
  return static_cast<std::uint64_t>(product);
}

class Philox {
 public:
  Philox(std::uint64_t key0, std::uint64_t key1) : key_{key0, key1} {}

  std::uint64_t next() {
    if (used_ == words_.size()) {
      ++counter_;
      words_ = block();
      used_ = 0;
    }
    return words_[used_++];
  }

 private:
  std::array<std::uint64_t, 4> block() const {
    std::array<std::uint64_t, 4> x = {counter_, 0, 0, 0};
    auto [key0, key1] = key_;
    for (int round = 0; round < 10; ++round) {
      const Wide a = Wide{0xD2E7470EE14C6C93u} * x[0];
      const Wide b = Wide{0xCA5A826395121157u} * x[2];
      x = {upper(b) ^ x[1] ^ key0, lower(b), upper(a) ^ x[3] ^ key1, lower(a)};
      key0 += 0x9E3779B97F4A7C15u;
      key1 += 0xBB67AE8584CAA73Bu;
    }
    return x;
  }

  std::pair<std::uint64_t, std::uint64_t> key_;
  std::uint64_t counter_ = 0;
  std::array<std::uint64_t, 4> words_{};
  std::size_t used_ = 4;
};

std::uint64_t uniform_below(Philox& words, std::uint64_t bound) {
  Wide product = Wide{words.next()} * bound;
  if (lower(product) < bound) {  // the remainder below is needed only here, one time in many
    const std::uint64_t threshold = (0 - bound) % bound;
    while (lower(product) < threshold) product = Wide{words.next()} * bound;
  }
  return upper(product);
}

}  // namespace

void fill_permutation(std::uint64_t seed, std::uint64_t index, std::span<std::int64_t> order) {
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Philox words(seed, index);
  for (std::size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[uniform_below(words, i + 1)]);
}

}  // namespace shapcpp
