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
// the linear part. With u = 2 tanh(t / 2) and v = (p - 1/2) u it is c (u - t - t v) / (1 + v):
// nothing cancels that is larger than t^2. The polynomial, in t^2 = `square`, is (u - t) / t^3 with
// the least error for |t| <= 2: at most half a rounding of c t^2 exp(2 |t|) in what is returned.
inline Single remainder(Single t, Single square, Single p, Single c) {
  Single bend = square * 2.91279946e-7f - 6.49201957e-6f;
  bend = bend * square + 8.11473801e-5f;
  bend = bend * square - 8.39018961e-4f;
  bend = bend * square + 8.33156705e-3f;
  bend = bend * square - 8.33331421e-2f;
  bend = bend * square * t;
  const Single v = (p - 0.5f) * (t + bend);
  return c * (bend - t * v) * reciprocal(1.0f + v);
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
    const Single found = remainder(t, square, load(probabilities_ + row), c);
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
