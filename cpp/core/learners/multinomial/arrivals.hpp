// The classes of a coalition, in the order in which they arrived.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/data/training_set.hpp"
#include "core/numerics/storage.hpp"
#include "core/run/run_shape.hpp"

namespace shapcpp {

class Arrivals {
 public:
  // `training` must outlive the arrivals.
  Arrivals(const TrainingSet& training, std::size_t n_classes)
      : training_(training), places_(n_classes, kAbsent), own_(tiled_rows(training.size())) {}

  // Bytes that they allocate.
  static double bytes(const RunShape& shape) { return kNumberBytes * shape.samples(); }

  void clear() {
    std::fill(places_.begin(), places_.end(), kAbsent);
    size_ = members_ = 0;
  }
  // Sample i has become the newest member; true if it is the first of its class.
  bool add(std::size_t i) {
    std::size_t& place = places_[training_.class_of(i)];
    const bool is_new = place == kAbsent;
    if (is_new) place = size_++;
    own_[members_++] = static_cast<double>(place);
    return is_new;
  }

  std::size_t size() const { return size_; }
  bool has(std::size_t k) const { return places_[k] != kAbsent; }
  // Where class k stands in the order.
  std::size_t place(std::size_t k) const { return places_[k]; }
  // The places of the members' classes.
  const double* own() const { return own_.data(); }

 private:
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

  const TrainingSet& training_;
  std::vector<std::size_t> places_;
  AlignedVector own_;
  std::size_t size_ = 0;
  std::size_t members_ = 0;
};

}  // namespace shapcpp
