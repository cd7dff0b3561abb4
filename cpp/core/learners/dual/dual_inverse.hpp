// S = (G + D)^-1 of the members' products G and a diagonal D of inverse curvatures, as members
// join.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "core/learners/dual/dual_matrix.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/checkpoint.hpp"

namespace shapcpp {

// Kept as S = R M R with R the roots of the curvatures when the members joined, or when S was
// built: no number of M = (1 + R G R)^-1 is above 1 then, whatever the curvatures.
class DualInverse {
 public:
  // Scratch for building, in single or double precision.
  struct Room {
    Aligned<float> in_single;
    AlignedVector in_double;
  };

  // In single precision, half as many bytes and half the time, where the members' products are
  // small enough for it (docs/engine.md). `room` must outlive the inverse.
  DualInverse(std::size_t capacity, bool in_single, Room& room);

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

  // Takes the curvatures of those members as they are now whose change matters most, if that is
  // worth its cost.
  void renew(const AlignedVector& curvatures);

  void multiply(const AlignedVector& vector, AlignedVector& product);
  // S 1 and its sum.
  const AlignedVector& ones() const { return ones_; }
  double sum() const { return sum_; }
  // D.
  const AlignedVector& inverse_curvatures() const { return inverse_curvatures_; }

 private:
  // A member, and by what factor its new curvature changes H at most.
  struct Renewal {
    std::size_t member = 0;
    double change = 0;
  };

  bool invert(DualMatrix<float>& matrix, const Triangle& products, const Checkpoint& checkpoint);
  bool invert(DualMatrix<double>& matrix, const Triangle& products, const Checkpoint& checkpoint);
  template <class Real>
  bool invert_in_double(DualMatrix<Real>& matrix, const Triangle& products,
                        const Checkpoint& checkpoint);
  template <class Real, class Number>
  void take(DualMatrix<Real>& matrix, const Number* lower, std::size_t stride);
  void sum_rows();
  bool is_inverse(const Triangle& products);
  template <class Real>
  void choose_renewals(const DualMatrix<Real>& matrix, const AlignedVector& curvatures);
  template <class Real>
  void renew(DualMatrix<Real>& matrix, const AlignedVector& curvatures);
  template <class Real>
  void renew(DualMatrix<Real>& matrix, std::size_t which, double curvature);

  const kernels::Kernels& kernels_;
  std::size_t size_ = 0;
  std::variant<DualMatrix<float>, DualMatrix<double>> matrix_;
  AlignedVector roots_;
  AlignedVector inverse_curvatures_;
  AlignedVector ones_;
  double sum_ = 0;
  AlignedVector product_;
  AlignedVector scratch_;
  std::vector<Renewal> renewals_;
  AlignedVector columns_;  // of M, for each of them
  Room& room_;
};

}  // namespace shapcpp
