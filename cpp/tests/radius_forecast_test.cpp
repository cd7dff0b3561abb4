// What is expected of radii: errors cost time, never an integer.
#include "core/learners/multinomial/radius_forecast.hpp"

#include <cmath>
#include <limits>

#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

// A coalition whose radii are ten times the lengths of its steps, which each pass makes `share`
// times as long. Estimates decide from `enough` on.
void walk(RadiusForecast& forecast, double length, double share, double enough) {
  forecast.join();
  for (;; length *= share) {
    forecast.pass();
    forecast.note(10 * length, length);
    if (10 * length <= enough) break;
    forecast.fail(10 * length);
  }
  forecast.settle(10 * length);
}

bool is_near(double a, double b) {
  return std::abs(std::log(a / b)) < 0.1;
}

}  // namespace

TEST("a forecast learns what passes do, and which radius is enough") {
  RadiusForecast forecast;
  for (int i = 0; i < 100; ++i) walk(forecast, 1, 0.1, 0.5);  // 10, 1, 0.1
  forecast.join();
  const double usual = std::sqrt(1 * 0.1);
  CHECK(is_near(forecast.after_pass(), 10 / usual));
  CHECK(is_near(forecast.length_after_pass(), 1));
  forecast.pass();
  forecast.note_length(1);  // of a rough pass
  CHECK(is_near(forecast.after_pass(), 1 / usual));
  CHECK(is_near(forecast.length_after_pass(), 0.1));
  CHECK(forecast.is_hopeless(150 * usual) && !forecast.is_hopeless(50 * usual));
}

TEST("radii that are large or no numbers leave a forecast usable") {
  RadiusForecast forecast;
  CHECK(forecast.after_pass() == 1 && !forecast.is_hopeless(1e300));
  walk(forecast, 1e-3, 0.5, 1);
  for (const double length :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e300}) {
    forecast.pass();
    forecast.note(std::numeric_limits<double>::infinity(), length);
  }
  CHECK(std::isfinite(forecast.after_pass()));
  for (int i = 0; i < 100; ++i) walk(forecast, 1, 0.1, 0.5);
  CHECK(is_near(forecast.after_pass(), 0.1 / std::sqrt(0.1) * 0.1));
  forecast.clear();
  CHECK(forecast.after_pass() == 1);
}

}  // namespace shapcpp::tests
