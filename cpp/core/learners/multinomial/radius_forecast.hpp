// Which radii estimates will have, against the one that usually decides all signs.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {

// It only chooses the precision of passes and which estimates are looked at: no bound depends on
// it.
class RadiusForecast {
 public:
  // A new walk begins.
  void clear() { *this = RadiusForecast(); }
  // A new coalition, of which there is no estimate.
  void join() {
    is_estimated_ = passes_ = false;
    failed_ = kInfinite;
  }
  // An estimate of this radius decided all signs. Where a larger one did not, a radius between them
  // would have been enough.
  void settle(double radius) {
    if (!(radius > 0)) return;
    if (usual_ == kInfinite)
      usual_ = radius;
    else if (failed_ < kInfinite)
      usual_ = mean(usual_, std::sqrt(failed_ * radius));
    else if (radius > usual_)
      usual_ = mean(usual_, radius);
  }
  // One of this radius left signs open.
  void fail(double radius) {
    if (radius > 0) failed_ = std::min(failed_, radius);
  }

  // Whether an estimate of this radius is not worth a judge's look.
  bool is_hopeless(double radius) const { return radius > kHopeless * usual_; }

  // An estimate has this radius, after a step of this length.
  void note(double radius, double length) {
    if (radius < kInfinite && length > 0) per_length_ = radius / length;
    note_length(length);
  }
  // Only the length of the step is known.
  void note_length(double length) {
    if (!std::isfinite(length)) return;
    const double before = excess_;
    excess_ = std::clamp(per_length_ * length / usual_, kLeast, kMost);
    if (passes_ && !is_estimated_) first_ = mean(first_, excess_);
    if (passes_ && is_estimated_)
      shrinkage_ = mean(shrinkage_, std::clamp(excess_ / before, kLeast, 1.0));
    is_estimated_ = true;
    passes_ = false;
  }
  // A pass follows.
  void pass() { passes_ = true; }

  // The length of the step after the next pass, about.
  double length_after_pass() const { return after_pass() * usual_ / per_length_; }
  // How many times the usual radius that after the next pass will be.
  double after_pass() const { return is_estimated_ ? excess_ * shrinkage_ : first_; }

 private:
  static constexpr double kInfinite = std::numeric_limits<double>::infinity();
  static constexpr double kHopeless = 100;
  static constexpr double kLeast = 1e-2, kMost = 1e6;
  // Weight of the old one in geometric means.
  static constexpr double kKept = 0.75;
  static double mean(double old, double added) {
    return std::pow(old, kKept) * std::pow(added, 1 - kKept);
  }

  double usual_ = kInfinite;
  double failed_ = kInfinite;
  double per_length_ = 1;   // of the last radius, per length of the step
  double excess_ = 1;       // of the last radius over the usual one,
  double first_ = 1;        // that after the first pass of a coalition,
  double shrinkage_ = 0.4;  // and its change with each further pass, lately
  bool is_estimated_ = false;
  bool passes_ = false;  // whether a pass was made since the last radius
};

}  // namespace shapcpp
