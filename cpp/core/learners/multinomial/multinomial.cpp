#include "core/learners/multinomial/multinomial.hpp"

#include <algorithm>

namespace shapcpp {

Multinomial::Multinomial(const Problem& problem, const Context& context)
    : problem_(problem),
      context_(context),
      members_(problem.training(), problem.n_classes()),
      arrivals_(problem.training(), problem.n_classes()),
      path_(problem, members_, arrivals_, context),
      estimated_(*this),
      fitted_(*this) {}

double Multinomial::bytes(const RunShape& shape) {
  return Members::bytes(shape) + Arrivals::bytes(shape) + kNumberBytes * shape.samples() +
         LogisticPath::bytes(shape) + SoftmaxPath::bytes(shape);
}

void Multinomial::clear() {
  members_.clear();
  arrivals_.clear();
  joined_.clear();
  path_.clear();
}

void Multinomial::join(std::size_t i) {
  members_.add(i);
  const bool is_new = arrivals_.add(i);
  if (arrivals_.size() > 2) {
    path_.join(i, is_new);
    return;
  }
  joined_.push_back(i);
  if (!is_binary()) return;
  if (is_new)
    start_binary();
  else
    binary_->join(i);
}

// The larger class is the positive one, as in problems of two classes.
void Multinomial::start_binary() {
  const TrainingSet& training = problem_.training();
  positive_ = std::max(training.class_of(joined_.front()), training.class_of(joined_.back()));
  binary_.emplace(problem_, members_, positive_, context_);
  binary_->clear();
  for (const std::size_t i : joined_) binary_->join(i);
}

const Scores& Multinomial::estimate() {
  if (!is_binary()) return path_.estimate();
  estimated_.scores = &binary_->estimate();
  return estimated_;
}

const FittedScores& Multinomial::fit(const OpenPairs&) {
  if (!is_binary()) return path_.fit();
  fitted_.scores = &binary_->fit();
  return fitted_;
}

}  // namespace shapcpp
