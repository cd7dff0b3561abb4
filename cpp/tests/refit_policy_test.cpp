// The policy's decisions one by one: its errors cost time, never an integer.
#include "core/learners/logistic/refit_policy.hpp"

#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

using Refinement = RefitPolicy::Refinement;
constexpr RefitPolicy::Size kSmall{.members = 101, .has_third = false};

// One coalition that needs this many refinements after a try without a pass.
void spend(RefitPolicy& policy, int refinements, const RefitPolicy::Size& size) {
  policy.join();
  policy.absorb(false);
  static_cast<void>(policy.tries_estimate(size));
  for (int i = 0; i < refinements; ++i) static_cast<void>(policy.refine(size, {.decrement = 1}));
  policy.settle(true);
}

// The first failure of a walk, or after many coalitions without one.
void fail_once(RefitPolicy& policy) {
  policy.settle(false);
  CHECK(policy.keeps_fit() && policy.may_estimate());
}

TEST("each failure in a row skips twice as many coalitions, up to sixty-three") {
  RefitPolicy policy(17);
  fail_once(policy);
  for (const int skipped : {3, 7, 15, 31, 63, 63}) {
    CHECK(policy.may_estimate());
    policy.settle(false);
    CHECK(!policy.keeps_fit());
    for (int i = 0; i < skipped; ++i) CHECK(!policy.may_estimate());
    CHECK(policy.keeps_fit());
  }
  CHECK(policy.may_estimate());
  policy.settle(true);
  CHECK(policy.may_estimate());
  policy.settle(false);
  for (int i = 0; i < 63; ++i) CHECK(!policy.may_estimate());
  CHECK(policy.may_estimate());
}

TEST("a failure skips nothing where failures are rare") {
  RefitPolicy policy(17);
  for (int failure = 0; failure < 5; ++failure) {
    fail_once(policy);
    for (int i = 0; i < 60; ++i) policy.settle(true);
  }
  fail_once(policy);
  policy.settle(false);
  CHECK(!policy.keeps_fit());
}

TEST("a new walk knows nothing of the one before") {
  RefitPolicy policy(17);
  fail_once(policy);
  policy.settle(false);
  policy.absorb(true);
  policy.clear();
  CHECK(policy.may_estimate() && policy.keeps_fit() && !policy.has_estimated());
  CHECK(policy.pass_cost({.members = 100}) == RefitPolicy(17).pass_cost({.members = 100}));
}

TEST("passes are made at once until tries at every 32nd size succeed") {
  RefitPolicy policy(17);
  CHECK(policy.passes_at_once({.members = 101}));
  CHECK(!policy.passes_at_once({.members = 128}));
  CHECK(!policy.passes_at_once({.members = 101, .has_third = true}));
  for (int i = 0; i < 3; ++i) spend(policy, 0, {.members = 128});
  policy.join();
  CHECK(!policy.passes_at_once({.members = 101}));
  CHECK(policy.tries_estimate({.members = 101}));
  for (int i = 0; i < 9; ++i) spend(policy, 1, {.members = 128});
  policy.join();
  CHECK(policy.passes_at_once({.members = 101}));
  CHECK(!policy.tries_estimate({.members = 101}));
  CHECK(!policy.has_estimated());
}

TEST("a sample that moves far asks for a pass at any size") {
  RefitPolicy policy(17);
  policy.join();
  policy.absorb(true);
  CHECK(policy.passes_at_once({.members = 128, .has_third = true}));
  CHECK(policy.refine(kSmall, {.decrement = 1}) == Refinement::kPass);
  CHECK(!policy.passes_at_once({.members = 128}));
}

TEST("a base is asked for when digits are lost, steps are slow, or passes have cost as much") {
  RefitPolicy drifted(17);
  CHECK(drifted.refine(kSmall, {.decrement = 1, .has_drifted = true}) == Refinement::kBase);

  RefitPolicy slow(17);
  slow.join();
  CHECK(slow.refine(kSmall, {.decrement = 1}) == Refinement::kPass);
  CHECK(slow.refine(kSmall, {.decrement = 1}) == Refinement::kPass);
  CHECK(slow.refine(kSmall, {.decrement = 0.4}) == Refinement::kPass);
  CHECK(slow.refine(kSmall, {.decrement = 0.4}) == Refinement::kBase);

  // A step from a new base is new: what steps of the old one were says nothing about it.
  slow.build();
  CHECK(slow.refine(kSmall, {.decrement = 0.4}) == Refinement::kPass);
  CHECK(slow.refine(kSmall, {.decrement = 0.4}) == Refinement::kPass);
  CHECK(slow.refine(kSmall, {.decrement = 0.4}) == Refinement::kBase);

  RefitPolicy several(17);
  constexpr RefitPolicy::Size kThree{.members = 101, .contrasts = 2};
  several.join();
  for (const double decrement : {1.0, 1.0, 0.9, 0.2, 0.19, 0.04})
    CHECK(several.refine(kThree, {.decrement = decrement}) == Refinement::kPass);
  CHECK(several.refine(kThree, {.decrement = 0.1}) == Refinement::kBase);

  // While joins need a constant number of passes, no base pays; once they need more, one does.
  RefitPolicy worn(17);
  worn.build();
  const auto asks_for_base = [&](int passes) {
    worn.join();
    worn.absorb(false);
    double decrement = 1;
    for (int i = 0; i < passes; ++i)
      if (worn.refine(kSmall, {.decrement = decrement /= 16}) == Refinement::kBase) return true;
    return false;
  };
  for (int i = 0; i < 50; ++i) CHECK(!asks_for_base(1));
  int joins = 1;
  while (!asks_for_base(5) && joins < 100) ++joins;
  CHECK(joins < 10);
  worn.build();
  CHECK(!asks_for_base(1));
}

TEST("passes are exact where rounding is most of the error, not at the first") {
  RefitPolicy policy(17);
  policy.join();
  CHECK(policy.refine(kSmall, {.decrement = 1, .is_rounding_bound = true}) == Refinement::kPass);
  CHECK(policy.refine(kSmall, {.decrement = 0.1, .is_rounding_bound = true}) ==
        Refinement::kWidenedPass);
  CHECK(policy.refine(kSmall, {.decrement = 0.01}) == Refinement::kWidenedPass);
  CHECK(policy.refine(kSmall, {.decrement = 0.001, .is_rounding_bound = true}) ==
        Refinement::kExactPass);
  CHECK(policy.refine(kSmall, {.decrement = 0.0001}) == Refinement::kExactPass);
  policy.join();
  CHECK(policy.refine(kSmall, {.decrement = 1}) == Refinement::kPass);
  CHECK(policy.refine(kSmall, {.decrement = 0.1}) == Refinement::kPass);
}

TEST("passes are rough while the radius would be too large, and no longer once they are slow") {
  constexpr RefitPolicy::Size kThree{.members = 101, .contrasts = 2};
  RefitPolicy policy(17);
  policy.join();
  double decrement = 1;
  const auto next = [&](double excess, double share) {
    return policy.refine(kThree, {.decrement = decrement *= share, .next_excess = excess});
  };
  CHECK(next(1e3, 0.3) == Refinement::kRoughPass);
  CHECK(next(100, 0.3) == Refinement::kRoughPass);
  CHECK(next(2, 0.3) == Refinement::kPass);
  CHECK(next(100, 0.3) == Refinement::kRoughPass);
  CHECK(next(100, 1) == Refinement::kPass);  // no base: single precision may have been the reason
  CHECK(next(100, 0.1) == Refinement::kPass);
  CHECK(next(100, 1) == Refinement::kPass);
  CHECK(next(100, 1) == Refinement::kBase);
  policy.join();
  CHECK(next(100, 0.3) == Refinement::kRoughPass);
}

TEST("a coalition ends after forty refinements and has two bases") {
  RefitPolicy policy(17);
  policy.join();
  double decrement = 1;
  for (int i = 0; i < 40; ++i)
    CHECK(policy.refine(kSmall, {.decrement = decrement /= 16}) != Refinement::kNone);
  CHECK(policy.refine(kSmall, {.decrement = decrement /= 16}) == Refinement::kNone);
  for (int i = 0; i < 2; ++i) {
    CHECK(policy.may_build());
    CHECK(policy.may_build());
    CHECK(!policy.may_build());
    policy.join();
  }
}

TEST("passes and bases of several classes cost as much as their scores and contrasts") {
  const RefitPolicy policy(17);
  const RefitPolicy::Size two{.members = 200};
  const RefitPolicy::Size ten{.members = 200, .contrasts = 9};
  CHECK(policy.pass_cost(ten) > 10 * policy.pass_cost(two));
  CHECK(policy.build_cost(ten) > 45 * policy.build_cost(two));
}

TEST("third derivatives are for many members and few columns") {
  CHECK(RefitPolicy(17).wants_third(17 * 90));
  CHECK(!RefitPolicy(17).wants_third(17 * 90 - 1));
  CHECK(!RefitPolicy(49).wants_third(1'000'000));
  CHECK(RefitPolicy::is_worth_base(5) && !RefitPolicy::is_worth_base(4));
}

}  // namespace
}  // namespace shapcpp::tests
