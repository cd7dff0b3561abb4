// S = (G + D)^-1 of the members' products G and a diagonal D of inverse curvatures, as members
// join.
#pragma once

#include <cstddef>
#include <variant>

#include "core/learners/dual/triangle.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Kept as S = R M R with R the roots of the curvatures: no number of M = (1 + R G R)^-1 is above 1,
// whatever the curvatures.
class DualInverse {
 public:
  // In single precision, half as many bytes and half the time, where the members' products are
  // small enough for it (docs/engine.md). `room` is scratch for building, and must outlive the
  // inverse.
  DualInverse(std::size_t capacity, bool in_single, AlignedVector& room);

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

  void multiply(const AlignedVector& vector, AlignedVector& product);
  // S 1 and its sum.
  const AlignedVector& ones() const { return ones_; }
  double sum() const { return sum_; }
  // D.
  const AlignedVector& inverse_curvatures() const { return inverse_curvatures_; }

 private:
  // M, a vector, its product with M, and the last product with a joining sample.
  template <class Real>
  struct Scaled {
    explicit Scaled(std::size_t capacity);
    TriangleOf<Real> values;
    Aligned<Real> vector;
    Aligned<Real> product;
    Aligned<Real> border;
  };

  bool invert(Scaled<float>& scaled, const Triangle& products, const Checkpoint& checkpoint);
  bool invert(Scaled<double>& scaled, const Triangle& products, const Checkpoint& checkpoint);
  template <class Real>
  bool invert_in_double(TriangleOf<Real>& values, const Triangle& products,
                        const Checkpoint& checkpoint);
  void sum_rows();
  bool is_inverse(const Triangle& products);
  void multiply(Scaled<float>& scaled, const AlignedVector& vector, AlignedVector& product) const;
  void multiply(Scaled<double>& scaled, const AlignedVector& vector, AlignedVector& product) const;
  void add_border(Scaled<float>& scaled) const;
  void add_border(Scaled<double>& scaled) const;

  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  std::variant<Scaled<float>, Scaled<double>> scaled_;
  AlignedVector roots_;
  AlignedVector inverse_curvatures_;
  AlignedVector ones_;
  double sum_ = 0;
  AlignedVector product_;
  AlignedVector& room_;
};

}  // namespace shapcpp
