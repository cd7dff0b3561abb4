// What moving the margins of members adds to their residuals beyond the linear part.
#pragma once

#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

// The reciprocal up to two roundings: a division takes as long as half of the rest.
inline Single reciprocal(Single value) {
#if defined(__AVX512F__) && SHAPCPP_LANES == 8
  const Single near = (Single)_mm512_rcp14_ps((__m512)value);
  return near + near * (1.0f - value * near);
#else
  return 1.0f / value;
#endif
}

// c (r / (1 + p r) - t) with r = exp(t) - 1: what moving a margin by t adds to its residual beyond
// the linear part. With s = r - t = t^2 / 2 + ... , it is c (s - p t r) / (1 + p r): nothing
// cancels that is larger than t^2. From h to 2 h, r becomes r (2 + r) and s becomes 2 s + r^2; the
// Taylor polynomial of degree 8 at h = t / 4 leaves less than a rounding for |t| <= 2.
inline Single remainder(Single t, Single p, Single c) {
  const Single h = t * 0.25f;
  Single s = h * (1.0f / 40320) + 1.0f / 5040;
  s = s * h + 1.0f / 720;
  s = s * h + 1.0f / 120;
  s = s * h + 1.0f / 24;
  s = s * h + 1.0f / 6;
  s = s * h + 0.5f;
  s = s * h * h;
  Single r = s + h;
  s = 2.0f * s + r * r;
  r = s + 2.0f * h;
  s = 2.0f * s + r * r;
  const Single pr = p * (s + t);
  return c * (s - pr * t) * reciprocal(1.0f + pr);
}

// Of the rows of a tile: the remainders, and the sizes of the shifts.
class Remainders {
 public:
  Remainders(const float* offsets, const float* probabilities, const float* curvatures)
      : offsets_(offsets), probabilities_(probabilities), curvatures_(curvatures) {}

  // Those of the register of rows that begins at `row`, whose margins have moved that far.
  Single take(Single moved, size_t row) {
    const Single t = moved - load(offsets_ + row);
    const Single c = load(curvatures_ + row);
    const Single square = t * t;
    const Single power = square * square;
    const Single size = absolute(t);
    most_ = size > most_ ? size : most_;
    fourth_ += c * power;
    eighth_ += c * power * power;
    const Single found = remainder(t, load(probabilities_ + row), c);
    remainders_ += absolute(found);
    return found;
  }

  void add_to(Shifts* shifts) const {
    double largest = shifts->largest;
    for (size_t lane = 0; lane < kSingleLanes; ++lane) {
      const double value = static_cast<double>(most_[lane]);
      largest = value > largest ? value : largest;
    }
    shifts->largest = largest;
    shifts->fourth += sum_of_lanes(fourth_);
    shifts->eighth += sum_of_lanes(eighth_);
    shifts->remainders += sum_of_lanes(remainders_);
  }

 private:
  const float* offsets_;
  const float* probabilities_;
  const float* curvatures_;
  Single most_{}, fourth_{}, eighth_{}, remainders_{};
};

}  // namespace
}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
