// S = (G + D)^-1 of the members' products G and a diagonal D of inverse curvatures, as members
// join.
#pragma once

#include <cstddef>

#include "core/learners/dual/triangle.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

class DualInverse {
 public:
  // `room` is scratch for building, and must outlive the inverse.
  DualInverse(std::size_t capacity, AlignedVector& room);

  // Forgets all members.
  void clear();
  std::size_t size() const { return size_; }
  // Computes S from the products of `size` members and their curvatures. False, and no members, if
  // that is beyond double precision.
  [[nodiscard]] bool build(const Triangle& products, const AlignedVector& curvatures,
                           std::size_t size, const Checkpoint& checkpoint);

  // A sample that is about to join, with its products with the members and with itself.
  struct Joining {
    double rest = 0;    // the square of its length, once the members explain what they can
    double one = 0;     // likewise of the intercept
    double square = 0;  // |x~|^2 in H^-1, the intercept included
  };
  Joining expect(const AlignedVector& products, double own);
  // S times its products.
  const AlignedVector& product() const { return product_; }
  // It joins with this curvature.
  void join(const Joining& joining, double curvature);

  void multiply(const AlignedVector& vector, AlignedVector& product) const;
  // S 1 and its sum.
  const AlignedVector& ones() const { return ones_; }
  double sum() const { return sum_; }
  // D.
  const AlignedVector& inverse_curvatures() const { return inverse_curvatures_; }

 private:
  void sum_rows();

  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  Triangle values_;
  AlignedVector inverse_curvatures_;
  AlignedVector ones_;
  double sum_ = 0;
  AlignedVector product_;
  AlignedVector& room_;
};

}  // namespace shapcpp
