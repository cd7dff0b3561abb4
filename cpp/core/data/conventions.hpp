// The scores of coalitions that train no model.
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

// The score of a coalition of one class: that of always predicting this class, or that of the empty
// coalition.
enum class SingleClass { kConstant, kCarry };

class Conventions {
 public:
  // `empty_counts` is the score of the empty coalition, `test_counts` the number of test samples of
  // each class. Throws std::invalid_argument if their lengths differ.
  Conventions(std::span<const std::int64_t> empty_counts, std::span<const std::int64_t> test_counts,
              SingleClass single_class);

  // If a coalition with this many members of each class has fewer than two classes, and so trains
  // no model, writes its score and returns true; else returns false.
  bool score_without_model(std::span<const std::size_t> class_sizes,
                           std::span<std::int64_t> correct) const;
  // The prediction of such a coalition for samples outside it, if any: the class that it consists
  // of. Nothing at all if it trains a model.
  std::optional<Prediction> predict_without_model(std::span<const std::size_t> class_sizes) const;

 private:
  Counts empty_counts_;
  Counts test_counts_;
  SingleClass single_class_;
};

}  // namespace shapcpp
