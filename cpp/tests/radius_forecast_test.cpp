// What is expected of radii: errors cost time, never an integer.
#include "core/learners/multinomial/radius_forecast.hpp"

#include <cmath>
#include <limits>

#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// A coalition whose radii are ten times the lengths of its steps, which each pass makes `share`
// times as long. Estimates decide from `enough` on.
void walk(RadiusForecast& forecast, double length, double share, double enough) {
  forecast.join();
  for (;; length *= share) {
    forecast.pass();
    forecast.note(10 * length, length, 0);
    if (10 * length <= enough) break;
    forecast.fail();
  }
  forecast.settle(10 * length);
}

bool is_near(double a, double b) {
  return std::abs(std::log(a / b)) < 0.1;
}

}  // namespace

TEST("a forecast learns what passes do, and which radius is enough") {
  RadiusForecast forecast;
  for (int i = 0; i < 100; ++i) walk(forecast, 1, 0.1, 0.5);  // radii of 10, 1, 0.1
  forecast.join();
  const double enough = std::sqrt(1 * 0.1);
  CHECK(is_near(forecast.length_after_pass(), 1));
  CHECK(is_near(forecast.excess_after_pass(), 10 / enough));
  forecast.pass();
  forecast.note_length(1);  // of a rough pass
  CHECK(is_near(forecast.length_after_pass(), 0.1));
  CHECK(is_near(forecast.excess_after_pass(), 1 / enough));
  CHECK(forecast.is_hopeless(150 * enough) && !forecast.is_hopeless(50 * enough));
}

TEST("where no estimate fails, no radius is too large") {
  RadiusForecast forecast;
  for (int i = 0; i < 9; ++i) walk(forecast, 0.1, 1, 1);
  forecast.join();
  forecast.pass();
  CHECK(forecast.excess_after_pass() < 1);
  CHECK(!forecast.is_hopeless(1));
}

TEST("no radius before the first pass is hopeless, and what is enough rises while nothing fails") {
  RadiusForecast forecast;
  for (int i = 0; i < 9; ++i) walk(forecast, 1, 1e-9, 0.1);  // radii of 10 and 1e-8
  forecast.join();
  CHECK(!forecast.is_hopeless(1));
  forecast.pass();
  CHECK(forecast.is_hopeless(1));
  for (int i = 0; i < 9; ++i) {
    forecast.join();
    forecast.note(1e-5, 1e-6, 0);
    forecast.settle(1e-5);
  }
  forecast.pass();
  CHECK(!forecast.is_hopeless(1));
}

TEST("radii that are large or no numbers, and those of rounding, leave a forecast usable") {
  RadiusForecast forecast;
  CHECK(forecast.excess_after_pass() == 0 && !forecast.is_hopeless(1e300));
  for (int i = 0; i < 100; ++i) walk(forecast, 1, 0.1, 0.5);
  const double excess = forecast.excess_after_pass();
  for (const double length : {std::numeric_limits<double>::quiet_NaN(), kInfinite, 0.0}) {
    forecast.pass();
    forecast.note(kInfinite, length, 0);
  }
  forecast.note(1, 1e-9, 1e-9);
  CHECK(std::isfinite(forecast.excess_after_pass()) && forecast.excess_after_pass() < excess);
  for (int i = 0; i < 100; ++i) walk(forecast, 1, 0.1, 0.5);
  CHECK(is_near(forecast.excess_after_pass(), excess));
  forecast.clear();
  CHECK(forecast.excess_after_pass() == 0);
}

}  // namespace shapcpp::tests
