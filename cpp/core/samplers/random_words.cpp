#include "core/samplers/random_words.hpp"

namespace shapcpp {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t upper(Wide product) {
  return static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t lower(Wide product) {
  return static_cast<std::uint64_t>(product);
}

}  // namespace

std::uint64_t RandomWords::next() {
  if (used_ == words_.size()) {
    ++counter_;
    words_ = block();
    used_ = 0;
  }
  return words_[used_++];
}

std::uint64_t RandomWords::below(std::uint64_t bound) {
  Wide product = Wide{next()} * bound;
  if (lower(product) < bound) {  // the remainder below is needed only here, which is rare
    const std::uint64_t threshold = (0 - bound) % bound;
    while (lower(product) < threshold) product = Wide{next()} * bound;
  }
  return upper(product);
}

std::array<std::uint64_t, 4> RandomWords::block() const {
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

}  // namespace shapcpp
