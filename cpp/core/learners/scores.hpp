// A learner's answer to a judge: a linear model of several classes, and a bound on its error.
//
// A judge asks about pairs of classes. One class leads the other at a sample x by the margin x.w,
// where w is the difference of their weights; a class is predicted if no other class leads it. The
// learner answers with w and with bounds on the error of the margin.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/numerics/storage.hpp"

namespace shapcpp {

// `leader` leads `rival` if their margin is positive.
struct Pair {
  std::size_t leader;
  std::size_t rival;
};

// The classes whose pairs a judge could not tell apart at every sample.
class OpenPairs {
 public:
  explicit OpenPairs(std::size_t n_classes) : involved_(n_classes, true) {}
  void clear() { std::fill(involved_.begin(), involved_.end(), false); }
  void add_all() { std::fill(involved_.begin(), involved_.end(), true); }
  void add(std::size_t k) { involved_[k] = true; }
  void add(const Pair& pair) { involved_[pair.leader] = involved_[pair.rival] = true; }
  bool involve(std::size_t k) const { return involved_[k]; }

 private:
  std::vector<bool> involved_;
};

class Scores {
 public:
  virtual ~Scores() = default;

  // Whether the learner can refine some classes alone, so that open pairs matter to it.
  virtual bool has_parts() const { return true; }
  // Whether the model has the class. A class that it lacks is never predicted, and nothing else may
  // be asked about that class.
  virtual bool has(std::size_t k) const = 0;
  // Writes the weights of class k, one number per column: w is the difference of two such vectors.
  virtual void write_weights(std::size_t k, std::span<double> weights) const = 0;
  // An upper bound on |w|, up to rounding.
  virtual double length(const Pair& pair) const = 0;
  // The true margin of a sample x has the sign of x.w and is no tie if x.w is larger than this
  // times |x|; infinite where nothing is known. Whether x.w is one product or the difference of two
  // does not matter.
  virtual double reach(const Pair& pair) const = 0;
  // Of a class: `reach` of a pair is at most the sum of those of its classes.
  virtual double share_of_reach(std::size_t k) const = 0;
  // A sharper bound for one sample: x.w must be larger than this. `norm` bounds |x|, and x is
  // padded for the kernels.
  virtual double error(const Pair& pair, const AlignedVector& x, double norm) const = 0;
  // The part of `reach` that is the rounding of x.w.
  virtual double rounding(const Pair& pair) const = 0;
};

// The verdict on a margin that is not larger than its error.
enum class Verdict { kLeads, kTrails, kTie, kUncertified };

// The scores of a fit, which settles every margin as far as possible.
class FittedScores : public Scores {
 public:
  // `margin` is x.w as computed by the judge.
  virtual Verdict settle(const Pair& pair, const AlignedVector& x, double norm,
                         double margin) const = 0;
};

// What one joining sample does to the weights of all classes: those of class k move by lengths[k]
// times the direction, which is padded for the kernels.
struct CommonStep {
  std::int64_t number = 0;  // of the weights that it leads to, and one less of those it starts from
  AlignedVector direction;
  std::vector<double> lengths;
};

// The scores of a learner whose classes move along one direction when a sample joins.
class SteppedScores : public FittedScores {
 public:
  // The last one; of another number than that of the weights if these have moved otherwise since.
  virtual const CommonStep& last_step() const = 0;
};

}  // namespace shapcpp
