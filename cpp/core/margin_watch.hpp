// Counts the test samples that an optimum classifies correctly, and never guesses a sign.
#pragma once

#include <cstdint>
#include <span>

#include "logistic_path.hpp"
#include "problem.hpp"
#include "storage.hpp"

namespace shapcpp {

class MarginWatch {
 public:
  // `problem` must outlive the watch.
  explicit MarginWatch(const Problem& problem);

  // Writes how many test samples of each class the optimum predicts correctly: class 1 where the
  // margin is positive. A margin whose sign double precision cannot tell counts as class 0; returns
  // how many there were.
  std::int64_t count(const Optimum& optimum, std::span<std::int64_t> correct);

 private:
  struct Signs {
    std::size_t positive = 0;
    std::size_t undecided = 0;
  };
  Signs examine(const Optimum& optimum, std::size_t k, std::size_t tile) const;

  const Problem& problem_;
  const kernels::Kernels& kernels_;
  AlignedVector margins_;  // of one tile
};

}  // namespace shapcpp
