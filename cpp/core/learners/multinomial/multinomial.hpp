// Multinomial logistic regression: one model of all classes present.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/learners/logistic/logistic_path.hpp"
#include "core/learners/members.hpp"
#include "core/learners/multinomial/arrivals.hpp"
#include "core/learners/multinomial/softmax_path.hpp"
#include "core/learners/scores.hpp"

namespace shapcpp {

// While two classes are present the model is the binary one, whose penalty of half the squared
// weights is twice what the multinomial model would have of the same weights: that is what
// scikit-learn fits.
class Multinomial {
 public:
  using Scores = shapcpp::Scores;
  using Fitted = FittedScores;

  // Both must outlive the learner.
  Multinomial(const Problem& problem, const Context& context);

  // Bytes that it allocates.
  static double bytes(const RunShape& shape);

  void clear();
  void join(std::size_t i);
  [[nodiscard]] bool may_estimate() {
    return is_binary() ? binary_->may_estimate() : path_.may_estimate();
  }
  const Scores& estimate();
  [[nodiscard]] bool refine(const OpenPairs&) {
    return is_binary() ? binary_->refine() : path_.refine();
  }
  void settle(bool decided) {
    if (is_binary())
      binary_->settle(decided);
    else
      path_.settle(decided);
  }
  const FittedScores& fit(const OpenPairs& open);

 private:
  // The scores of the binary model, of the two classes present.
  template <class Interface>
  class OfTwo : public Interface {
   public:
    explicit OfTwo(const Multinomial& learner) : learner_(learner) {}
    bool has(std::size_t k) const final { return learner_.arrivals_.has(k); }
    void write_weights(std::size_t k, std::span<double> weights) const final {
      scores->write_weights(learner_.side(k), weights);
    }
    double length(const Pair& pair) const final { return scores->length(of(pair)); }
    double reach(const Pair& pair) const final { return scores->reach(of(pair)); }
    double share_of_reach(std::size_t k) const final {
      return scores->share_of_reach(learner_.side(k));
    }
    double error(const Pair& pair, const AlignedVector& x, double norm) const final {
      return scores->error(of(pair), x, norm);
    }
    double rounding(const Pair& pair) const final { return scores->rounding(of(pair)); }

    const Interface* scores = nullptr;

   protected:
    Pair of(const Pair& pair) const {
      return {learner_.side(pair.leader), learner_.side(pair.rival)};
    }

   private:
    const Multinomial& learner_;
  };
  class FittedOfTwo final : public OfTwo<FittedScores> {
   public:
    using OfTwo::OfTwo;
    Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                   double margin) const override {
      return scores->settle(of(pair), x, norm, margin);
    }
  };

  bool is_binary() const { return arrivals_.size() == 2; }
  // The class of the binary model that class k is.
  std::size_t side(std::size_t k) const { return k == positive_ ? 1 : 0; }
  void start_binary();

  const Problem& problem_;
  const Context context_;
  Members members_;
  Arrivals arrivals_;
  std::vector<std::size_t> joined_;  // members, until a third class arrives
  std::size_t positive_ = 0;
  std::optional<LogisticPath> binary_;
  SoftmaxPath path_;
  OfTwo<shapcpp::Scores> estimated_;
  FittedOfTwo fitted_;
};

}  // namespace shapcpp
