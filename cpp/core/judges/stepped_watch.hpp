// The judge of models whose classes all move along one direction when a sample joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/data/scaled_rows.hpp"
#include "core/data/whole_samples.hpp"
#include "core/judges/pair_watch.hpp"

namespace shapcpp {

// A pair watch that keeps the leads of each test sample's class over the others, relative to its
// norm and in single precision, while the weights move by such steps: one product for each sample
// and step serves all classes, and takes samples in whole numbers. The error that this adds up is
// bounded. A sample that it leaves open is multiplied by all weights to decide it, and its leads
// are kept anew then. Lemma 28 of docs/engine.md has the bound.
class SteppedWatch final : public PairWatch {
 public:
  // Both must outlive the watch.
  SteppedWatch(const Problem& problem, const Context& context);

  // Bytes that it allocates at most.
  static double bytes(const RunShape& shape);

  void clear();
  [[nodiscard]] bool decide(const SteppedScores& scores);

 private:
  // Of the test samples of one class, in blocks of kBlockRows.
  struct Kept {
    Aligned<float> leads;  // over each rival, rival by rival
    Aligned<float> known;  // what of `error_` is not an error of these; NaN beyond the samples
  };

  bool look_otherwise() override;
  bool notes_margins() const override { return step_ != nullptr && holds_; }
  void note_margins(const TestSample& sample, const std::vector<double>& margins) override;
  double cost_of_look() const override;
  bool may_keep() const;
  void compute_leads();
  void compute_leads(std::size_t k, std::size_t t);
  template <class Lead>
  void write_leads(std::size_t k, std::size_t row, const Lead& lead);
  bool take_step();
  void advance();
  void advance(std::size_t place, const kernels::WholeVector& direction, float limit);
  void decide_by_rows();
  double most_reach() const;
  double rounding_of_leads() const;
  double rounding_of_rows() const;

  std::optional<WholeSamples> samples_;  // once there is a step
  std::optional<ScaledRows> rows_;       // the same
  std::vector<Kept> kept_;               // of each class
  std::vector<std::size_t> followed_;    // classes
  const CommonStep* step_ = nullptr;     // the last, while an estimate is looked at
  std::int64_t number_ = 0;              // of the weights last looked at
  bool holds_ = false;                   // whether the leads are those of these weights
  double error_ = 0;                     // of leads that have only been moved
  bool moves_ = false;                   // whether a step is to move them
  bool forwards_ = true;                 // whether the classes are to be moved in their order
  WholeSamples::Vector direction_;       // that of it
  std::vector<double> steps_;            // its lengths, of each class followed
  Aligned<float> lengths_;               // beyond those of each rival, of one class
  AlignedVector scaled_;                 // a sample
  std::vector<double> products_;         // of it with the weights of each class
  Aligned<float> vector_;                // weights of a class
  Aligned<float> margins_;               // of the samples of a tile, class by class
  std::vector<unsigned short> within_;
};

}  // namespace shapcpp
