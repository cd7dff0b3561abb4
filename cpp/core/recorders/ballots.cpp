#include "core/recorders/ballots.hpp"

#include <algorithm>

#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

namespace {

constexpr std::size_t kFewClasses = 4;

}  // namespace

double Ballots::bytes(double samples, std::size_t ballots) {
  return static_cast<double>(ballots) * samples * sizeof(Prediction);
}

std::span<Prediction> Ballots::add(std::size_t level) {
  if (shape_.sizes == 0) return {};
  if (used_ == ballots_.size()) ballots_.emplace_back();
  Ballot& ballot = ballots_[used_++];
  ballot.size = std::min(level, shape_.sizes - 1);
  ballot.predictions.resize(shape_.predicted.samples);
  return ballot.predictions;
}

Votes::Votes(const VoteShape& shape)
    : shape_(shape),
      counts_(checked_product(
          checked_product(shape.predicted.samples, shape.predicted.classes, "the votes"),
          shape.sizes, "the votes")) {}

double Votes::bytes(double samples, std::size_t sizes, double classes) {
  return kNumberBytes * samples * static_cast<double>(sizes) * classes;
}

void Votes::add(const Ballots& ballots) {
  for (std::size_t b = 0; b < ballots.used_; ++b) {
    const Ballots::Ballot& ballot = ballots.ballots_[b];
    std::int64_t* counts = counts_.data() + place(ballot.size, 0);
    const std::size_t classes = shape_.predicted.classes;
    for (const Prediction prediction : ballot.predictions) {
      if (classes <= kFewClasses)  // members are strewn among the others: no branch tells them
        for (std::size_t k = 0; k < classes; ++k) counts[k] += prediction == k ? 1 : 0;
      else if (prediction != kNoPrediction)
        ++counts[prediction];
      counts += classes;
    }
  }
}

void Votes::write(std::span<std::int64_t> counts) const {
  std::int64_t* target = counts.data();
  for (std::size_t sample = 0; sample < shape_.predicted.samples; ++sample)
    for (std::size_t size = 0; size < shape_.sizes; ++size)
      target = std::copy_n(counts_.data() + place(size, sample), shape_.predicted.classes, target);
}

}  // namespace shapcpp
