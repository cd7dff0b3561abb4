// What coalitions score that train no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

 private:
  Counts empty_counts_;
  Counts test_counts_;
  SingleClass single_class_;
};

}  // namespace shapcpp
