// What coalitions score that train no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/run/prediction.hpp"

namespace shapcpp {

// Counts of correct test predictions, one per class.
using Counts = std::vector<std::int64_t>;

// What a coalition of one class scores: the constant prediction of that class, or what the empty
// coalition scores.
enum class SingleClass { kConstant, kCarry };

class Conventions {
 public:
  // `empty_counts` is what the empty coalition scores, `test_counts` what each class has of test
  // samples. Throws std::invalid_argument if they are not of one length.
  Conventions(std::span<const std::int64_t> empty_counts, std::span<const std::int64_t> test_counts,
              SingleClass single_class);

  // Writes the score of a coalition with this many members of each class, if it has fewer than two
  // classes and so trains no model; else false.
  bool score_without_model(std::span<const std::size_t> class_sizes,
                           std::span<std::int64_t> correct) const;
  // What such a coalition predicts of samples outside it, if anything: the class that it consists
  // of. Nothing at all if it trains a model.
  std::optional<Prediction> predict_without_model(std::span<const std::size_t> class_sizes) const;

 private:
  Counts empty_counts_;
  Counts test_counts_;
  SingleClass single_class_;
};

}  // namespace shapcpp
