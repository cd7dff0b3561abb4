#include "core/data/training_set.hpp"

#include <algorithm>
#include <utility>

namespace shapcpp {

TrainingSet::TrainingSet(std::span<const double> values, std::vector<std::size_t> classes,
                         std::span<const double> class_weights, const Coordinates& coordinates,
                         const Checkpoint& checkpoint)
    : columns_(coordinates.columns()),
      penalty_(coordinates.penalty()),
      rotation_error_(coordinates.rotation_error()),
      rotated_penalty_(coordinates.rotated_penalty()),
      // Kernels read whole registers, beyond the end of the last sample.
      samples_(checked_product(classes.size(), columns_, "the training set") +
               kernels::kStrideMultiple),
      norms_(classes.size()),
      classes_(std::move(classes)),
      class_weights_(class_weights.begin(), class_weights.end()) {
  coordinates.for_each(values, checkpoint,
                       [&](std::size_t i, std::span<const double> sample, double norm, double) {
                         std::copy(sample.begin(), sample.end(), samples_.data() + i * columns_);
                         norms_[i] = norm;
                       });
}

double TrainingSet::bytes(const RunShape& s) {
  return kNumberBytes * s.samples() * (s.columns() + 1 + 1);  // samples, norms and classes
}

}  // namespace shapcpp
