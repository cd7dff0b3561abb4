// Counts the test samples that an optimum classifies correctly, and never guesses a sign.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "optimum.hpp"
#include "problem.hpp"
#include "statistics.hpp"
#include "storage.hpp"

namespace shapcpp {

// Looks only at test samples whose prediction can have changed. At a reference direction v all
// margins were taken; while the optimum stays within an angle of v, the sign of every sample whose
// |x.v| / (|x| |v|) exceeds the sine of that angle is that at v. The others, the near set, are
// evaluated each time.
class MarginWatch {
 public:
  // Both must outlive the watch.
  MarginWatch(const Problem& problem, Statistics& statistics);

  // Forgets the reference, so that a walk does not depend on those before it.
  void clear();

  // Writes how many test samples of each class the optimum predicts correctly: class 1 where the
  // margin is positive. A margin whose sign double precision cannot tell counts as class 0; returns
  // how many there were.
  std::int64_t count(const Optimum& optimum, std::span<std::int64_t> correct);

  // The same if every sign is certain; false, with nothing promised of `correct`, as soon as one is
  // not.
  bool count_certain(const Optimum& optimum, std::span<std::int64_t> correct);

  // As `count`, by looking at every test sample: its twin.
  std::int64_t count_all(const Optimum& optimum, std::span<std::int64_t> correct);

 private:
  static constexpr double kFirstLimit = 0.1;

  // Samples of one class and their norms, padded with NaN, which is neither within a bound nor
  // beyond it.
  struct NearSet {
    SampleTiles samples;
    AlignedVector norms;
    std::size_t far_positive = 0;  // of the samples left out
  };
  // Positive margins, and how many signs are undecided.
  struct Signs {
    std::size_t positive = 0;
    std::size_t undecided = 0;
  };

  double reach(const Optimum& optimum) const;
  bool far_is_safe(const Optimum& optimum) const;
  void take_reference(const Optimum& optimum);
  void split(std::size_t k);
  Signs examine(const Optimum& optimum, const SampleTiles& samples, const double* norms,
                std::size_t most_undecided);
  bool is_decided(const Optimum& optimum, const SampleTiles& samples, std::size_t row,
                  double margin, double norm);

  const Problem& problem_;
  Statistics& statistics_;
  const kernels::Kernels& kernels_;
  AlignedVector margins_;  // of one tile
  Eigen::VectorXd sample_;
  std::vector<NearSet> near_;
  Eigen::VectorXd reference_;   // of length 1; empty before the first
  double limit_ = kFirstLimit;  // samples whose ratio is at most this are near
  int age_ = 0;                 // counts since the reference was taken
};

}  // namespace shapcpp
