#include "core/learners/multinomial/secants.hpp"

#include <algorithm>
#include <array>

namespace shapcpp {

void Secants::note(const AlignedVector& step, const AlignedVector& before,
                   const AlignedVector& after, const AlignedVector* plain) {
  complete();
  Secant& secant = secants_[next_];
  secant.step = step;
  secant.change = after;
  loops_.add_scaled(secant.change.data(), secant.change.size(), before.data(), -1.0);
  const double product = loops_.dot(secant.step.data(), secant.change.data(), step.size());
  if (!(product > 1e-30)) {
    size_ = std::min(size_, kMost - 1);  // this was the place of the oldest
    return;
  }
  secant.inverse = 1 / product;
  next_ = (next_ + 1) % kMost;
  size_ = std::min(size_ + 1, kMost);
  secant.image.resize(secant.change.size());
  waits_ = true;
  if (plain != nullptr)
    secant.image = *plain;
  else
    complete();
}

void Secants::learn(const AlignedVector& plain) {
  if (!waits_) return;
  loops_.add_scaled(newest(0).image.data(), plain.size(), plain.data(), -1.0);
  waits_ = false;
}

void Secants::complete() {
  if (waits_) metric_.multiply(newest(0).change, newest(0).image);
  waits_ = false;
}

void Secants::absorb() {
  complete();
  for (std::size_t i = 0; i < size_; ++i)
    metric_.subtract_update(newest(i).change, newest(i).image);
}

void Secants::turn_step(const AlignedVector& gradient, AlignedVector& step) {
  complete();
  left_ = gradient;
  std::array<double, kMost> shares{};
  for (std::size_t i = 0; i < size_; ++i) {
    const Secant& secant = newest(i);
    shares[i] = secant.inverse * loops_.dot(secant.step.data(), left_.data(), left_.size());
    loops_.add_scaled(left_.data(), left_.size(), secant.change.data(), -shares[i]);
    loops_.add_scaled(step.data(), step.size(), secant.image.data(), shares[i]);
  }
  for (std::size_t i = size_; i-- > 0;) {
    const Secant& secant = newest(i);
    const double share =
        secant.inverse * loops_.dot(secant.change.data(), step.data(), step.size());
    loops_.add_scaled(step.data(), step.size(), secant.step.data(), -shares[i] - share);
  }
}

}  // namespace shapcpp
