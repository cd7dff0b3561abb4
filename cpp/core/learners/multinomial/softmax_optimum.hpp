// What is known about a multinomial optimum: weights, and how far from the true ones they can be.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/learners/multinomial/arrivals.hpp"
#include "core/learners/multinomial/softmax_sums.hpp"
#include "core/learners/scores.hpp"
#include "core/learners/tie.hpp"
#include "core/numerics/double_double.hpp"
#include "core/numerics/shrinking_matrix.hpp"

namespace shapcpp {

struct SoftmaxOptimum {
  AlignedVector weights;  // of the classes present, in the order of arrival
  // Bound on the distance to the true optimum in the norm of a matrix H, rounding included.
  double radius = 0;
  // As of `Optimum`: a tie is below this times the norm of the pair at the sample.
  double floor = 0;
  // Bound on |v|_{H^-1} / |v|.
  double inverse_root = 0;
  // Error of a margin beyond the rounding of the products, relative to the norm of the sample.
  double margin_rounding = 0;
};

// An optimum as the scores of the classes. The margin between classes a and b at x is the product
// of the weights with (q_a - q_b) (x) x, in contrasts q.
template <class Interface>
class SoftmaxScores : public Interface, public SoftmaxOptimum {
 public:
  SoftmaxScores(const SoftmaxSums& sums, const Arrivals& arrivals)
      : sums_(sums), arrivals_(arrivals) {
    weights.resize(sums.capacity());
  }
  bool has_parts() const final { return false; }
  bool has(std::size_t k) const final { return arrivals_.has(k); }
  void write_weights(std::size_t k, std::span<double> w) const final {
    std::copy_n(of(k), w.size(), w.begin());
  }
  double length(const Pair& pair) const final {
    return length_of(pair, [](double a, double b) { return a - b; });
  }
  // |(q_a - q_b) (x) x|_{H^-1} <= sqrt(2) |x| inverse_root; a tie is twice as wide as roundings.
  double reach(const Pair& pair) const final {
    return (radius + floor) * std::sqrt(2.0) * inverse_root + 3 * rounding(pair);
  }
  double share_of_reach(std::size_t k) const final {
    double squares = 0;
    for (std::size_t j = 0; j < sums_.columns(); ++j) squares += of(k)[j] * of(k)[j];
    return ((radius + floor) * std::sqrt(0.5) * inverse_root +
            3 * (sums_.dot_rounding() * std::sqrt(squares) + margin_rounding / 2)) *
           (1 + 1e-9);
  }
  double error(const Pair& pair, const AlignedVector& x, double size) const final {
    return norm(pair, x) * (radius + floor) +
           3 * (sums_.dot_rounding() * terms(pair, x) + margin_rounding * size * (1 + 1e-9));
  }
  double rounding(const Pair& pair) const final {
    const double sizes =
        length_of(pair, [](double a, double b) { return std::abs(a) + std::abs(b); });
    return sums_.dot_rounding() * sizes + margin_rounding;
  }

 protected:
  // Bound on |(q_a - q_b) (x) x|_{H^-1}; x is padded for the kernels.
  virtual double norm(const Pair& pair, const AlignedVector& x) const = 0;
  const double* of(std::size_t k) const {
    return weights.data() + arrivals_.place(k) * sums_.stride();
  }
  // The sum of the absolute terms of both products.
  double terms(const Pair& pair, const AlignedVector& x) const {
    double sum = 0;
    for (std::size_t j = 0; j < sums_.columns(); ++j)
      sum += std::abs(x[j]) * (std::abs(of(pair.leader)[j]) + std::abs(of(pair.rival)[j]));
    return sum;
  }

  const SoftmaxSums& sums_;
  const Arrivals& arrivals_;

 private:
  template <class Combine>
  double length_of(const Pair& pair, const Combine& combine) const {
    double squares = 0;
    for (std::size_t j = 0; j < sums_.columns(); ++j) {
      const double value = combine(of(pair.leader)[j], of(pair.rival)[j]);
      squares += value * value;
    }
    return std::sqrt(squares);
  }
};

// An optimum known without a fit.
class EstimatedSoftmax final : public SoftmaxScores<Scores> {
 public:
  // Norms use `inverse`, the inverse of H, which must outlive the optimum, as must the rest. Those
  // without the rows that wait are larger.
  EstimatedSoftmax(const SoftmaxSums& sums, const Arrivals& arrivals,
                   const ShrinkingMatrix& inverse);
  // Bound on the relative error of those norms.
  double norm_error = 0;

 private:
  double norm(const Pair& pair, const AlignedVector& x) const override;

  const ShrinkingMatrix& inverse_;
  mutable AlignedVector pair_;
  mutable AlignedVector product_;
};

// An optimum fitted to the rounding floor.
class FittedSoftmax final : public SoftmaxScores<FittedScores> {
 public:
  // All must outlive the optimum.
  FittedSoftmax(const SoftmaxSums& sums, const Arrivals& arrivals, const Members& members,
                const Checkpoint& checkpoint);

  // |v|_{H^-1} = |root_inverse v|, v in contrasts.
  Eigen::MatrixXd root_inverse;
  // Forgets what was derived from the last weights.
  void renew();

  Verdict settle(const Pair& pair, const AlignedVector& x, double size,
                 double margin) const override;
  double norm(const Pair& pair, const AlignedVector& x) const override;

 private:
  const Members& members_;
  const Checkpoint& checkpoint_;
  mutable double feature_reach_ = 0;
  // The refined weights of this fit, once they are asked for.
  mutable std::vector<DoubleDouble> refined_;
};

}  // namespace shapcpp
