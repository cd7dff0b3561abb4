// How much work the certified path spends on a coalition, and of which kind.
//
// Nothing here can change an integer: signs are counted where a bound decides them, whichever
// estimate, pass, base or fit the bound came from. A bad policy is slow, never wrong.
#pragma once

#include <cstddef>

namespace shapcpp {

class RefitPolicy {
 public:
  // The sizes that costs depend on.
  struct Size {
    std::size_t members = 0;
    bool has_third = false;  // whether the base has a third derivative
    // Between the classes of one regression: two classes have one contrast. Passes over the members
    // of more are in double precision, but for rough ones.
    std::size_t contrasts = 1;
  };
  // The outcome of the last estimate.
  struct Estimate {
    double decrement = 0;            // the length of its step
    bool is_rounding_bound = false;  // whether rounding at the anchor is much of its error
    bool has_drifted = false;        // whether the base has lost too many digits
    // How many times the radius that usually decides all signs that after the next pass will be, if
    // passes can be rough.
    double next_excess = 0;
  };
  // A rough pass shows only where the next one should be made.
  enum class Refinement { kNone, kRoughPass, kPass, kWidenedPass, kExactPass, kBase };

  explicit RefitPolicy(std::size_t columns) : columns_(static_cast<double>(columns)) {}

  // A new walk begins.
  void clear() { *this = RefitPolicy(static_cast<std::size_t>(columns_)); }
  // A sample joins: a new coalition.
  void join();
  // The base has absorbed the sample; `moves_far`: its loss is expanded away from the base.
  void absorb(bool moves_far);

  // Whether estimates of the coalition are worth taking at all. Asked once per coalition.
  [[nodiscard]] bool may_estimate();
  // Is told whether estimates decided all signs.
  void settle(bool decided);
  // Whether nearly every recent join needed a pass, so that it is made at once.
  [[nodiscard]] bool passes_at_once(const Size& size) const;
  // Whether the next estimate is worth its bounds; false before a pass that is made at once.
  [[nodiscard]] bool tries_estimate(const Size& size);

  // What to do about an estimate that left signs open.
  [[nodiscard]] Refinement refine(const Size& size, const Estimate& estimate);
  // Whether this coalition has had an estimate.
  [[nodiscard]] bool has_estimated() const { return tried_ || refinements_ > 1; }
  // Whether the coalition may have one more base. Asked once per base.
  [[nodiscard]] bool may_build() { return ++bases_ <= kMostBases; }
  // A base is being built.
  void build();

  // Whether a fit should leave a base where it ends.
  [[nodiscard]] bool keeps_fit() const { return skips_ == 0; }
  // Below this size a fit costs less than a base needs.
  [[nodiscard]] static bool is_worth_base(std::size_t members) { return members >= 5; }
  // Whether a base should have a third derivative, which takes d / 3 Hessians to build: it pays
  // where passes are long.
  [[nodiscard]] bool wants_third(std::size_t members) const;

  // Rough costs, in operations on a register of doubles: a pass with the estimate after it, a base.
  double pass_cost(const Size& size) const;
  double build_cost(const Size& size) const;

 private:
  // A fit takes several steps, each about as dear as a base.
  static constexpr int kMostBases = 2;

  bool is_time_to_build(double passes_per_base);
  bool is_slow(const Size& size, double passes_per_base, double decrement) const;

  double columns_;

  // State of the current coalition.
  int refinements_ = 0;
  int bases_ = 0;
  int steps_ = 0;       // refinements since the last base
  double passes_ = 0;   // ordinary ones, or as many as cost as much
  bool tried_ = false;  // whether it was tried without a pass
  // Once the precision of a pass was not enough, neither is it for another one from the same base.
  Refinement pass_ = Refinement::kPass;
  bool is_rough_ = false;        // whether the last pass was
  bool allows_rough_ = true;     // whether they are precise enough
  double last_decrement_ = 0;    // of the estimate before the last,
  double decrement_before_ = 0;  // and of the one before that

  // State of the walk.
  bool awaits_pass_ = false;  // a sample joined that moves far
  double success_ = 0;        // recent share of tries without a pass that succeeded
  double rate_ = 0;           // passes per join, lately
  double joins_since_pass_ = 0;
  double joins_since_base_ = 0;
  double passes_since_base_ = 0;
  // If bounds do not help (a margin that stays zero, features without a scale), trying them at
  // every join is a waste: each further failure in a row doubles the number of coalitions fitted
  // without trying.
  int failures_ = 0;
  double failed_ = 0;  // share of recent coalitions
  int skips_ = 0;
};

}  // namespace shapcpp
