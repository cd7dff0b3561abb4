// Steps by what earlier ones did to the gradient: the limited-memory method of Broyden, Fletcher,
// Goldfarb and Shanno around a metric.
#pragma once

#include <cstddef>
#include <vector>

#include "core/learners/multinomial/softmax_metric.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp {

// It only chooses where passes are made: no bound depends on it.
class Secants {
 public:
  // The metric must outlive the secants.
  explicit Secants(const SoftmaxMetric& metric, const kernels::Kernels& loops)
      : metric_(metric), loops_(loops) {}

  static constexpr std::size_t kMost = 8;

  void clear() {
    size_ = 0;
    waits_ = false;
  }
  bool has_any() const { return size_ > 0; }
  // A step changed the gradient from `before` to `after`. `plain` is the metric's step for
  // `before` where that is known, else null.
  void note(const AlignedVector& step, const AlignedVector& before, const AlignedVector& after,
            const AlignedVector* plain);
  // The metric's step for `after` is known too, which saves a product.
  void learn(const AlignedVector& plain);
  // The metric has absorbed a sample.
  void absorb();
  // Turns the metric's step for a gradient, -H^-1 gradient, into the one that secants teach.
  void turn_step(const AlignedVector& gradient, AlignedVector& step);

 private:
  struct Secant {
    AlignedVector step;
    AlignedVector change;
    AlignedVector image;  // H^-1 change
    double inverse = 0;   // of their product
  };
  void complete();
  // The i-th newest.
  Secant& newest(std::size_t i) { return secants_[(next_ + kMost - 1 - i) % kMost]; }

  const SoftmaxMetric& metric_;
  const kernels::Kernels& loops_;
  std::vector<Secant> secants_{kMost};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
  bool waits_ = false;  // whether the newest holds the metric's step for `before` as its image
  AlignedVector left_;
};

}  // namespace shapcpp
