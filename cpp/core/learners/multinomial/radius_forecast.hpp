// Which radii estimates will have, and which ones are enough to decide all signs.
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
  // A new coalition, without an estimate so far.
  void join() {
    is_estimated_ = has_passed_ = follows_pass_ = false;
    failed_ = kInfinite;
  }
  // Estimates decided all signs, the last of this radius. Where a larger one did not, or was not
  // looked at, a radius between them may have been enough; else a larger one.
  void settle(double radius) {
    if (!(radius > 0)) return;
    if (failed_ < kInfinite)
      enough_ = mean(enough_, std::sqrt(failed_ * radius));
    else
      enough_ = kRise * std::max(enough_, radius);
  }
  // The last estimate left signs open.
  void fail() { failed_ = std::min(failed_, radius_); }

  // Whether an estimate of this radius is not worth a judge's look. One before any pass is: passes
  // may shorten radii so much that those after them say nothing about what is enough.
  bool is_hopeless(double radius) const { return has_passed_ && radius > kHopeless * enough_; }

  // An estimate has this radius, after a step of this length; `rounding` is what rounding may add
  // to the step.
  void note(double radius, double length, double rounding) {
    if (radius < kInfinite && length > kAboveRounding * rounding) per_length_ = radius / length;
    note_length(length);
    if (radius > 0) radius_ = radius;
  }
  // Only the length of the step is known.
  void note_length(double length) {
    radius_ = kInfinite;
    if (!(length > 0 && length < kInfinite)) return;
    if (follows_pass_ && is_estimated_)
      share_left_ = mean(share_left_, std::clamp(length / length_, kLeastShare, 1.0));
    if (follows_pass_ && !is_estimated_) first_length_ = mean(first_length_, length);
    length_ = length;
    is_estimated_ = true;
    follows_pass_ = false;
  }
  // A pass follows.
  void pass() {
    has_passed_ = follows_pass_ = true;
    radius_ = kInfinite;
  }

  // The length of the step after the next pass, about; infinite if nothing is known.
  double length_after_pass() const { return is_estimated_ ? length_ * share_left_ : first_length_; }
  // How many times the radius that is enough that after the next pass will be; 0 if unknown.
  double excess_after_pass() const {
    const double length = length_after_pass();
    return enough_ < kInfinite && length < kInfinite ? per_length_ * length / enough_ : 0;
  }

 private:
  static constexpr double kInfinite = std::numeric_limits<double>::infinity();
  // Radii this many times too large are not looked at.
  static constexpr double kHopeless = 100;
  // Where no estimate failed, a radius this many times larger may be enough.
  static constexpr double kRise = 4;
  // Radii of shorter steps are due to rounding.
  static constexpr double kAboveRounding = 10;
  static constexpr double kLeastShare = 1e-3;
  // Weight of the old one in geometric means.
  static constexpr double kKept = 0.75;
  static double mean(double old, double added) {
    return old < kInfinite ? std::pow(old, kKept) * std::pow(added, 1 - kKept) : added;
  }

  double enough_ = kInfinite;        // the radius that lately was
  double failed_ = kInfinite;        // the least radius of this coalition that was not enough
  double radius_ = kInfinite;        // of the last estimate, if it has one
  double per_length_ = 1;            // radius per length of the step
  double length_ = 0;                // of the last step
  double first_length_ = kInfinite;  // of the step after the first pass of a coalition, lately
  double share_left_ = 0.4;          // of the length of a step, after one more pass, lately
  bool is_estimated_ = false;        // whether this coalition has had an estimate
  bool has_passed_ = false;          // whether a pass was made in this coalition
  bool follows_pass_ = false;        // whether one was made since the last estimate
};

}  // namespace shapcpp
