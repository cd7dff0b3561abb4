// Vectors of one number per member, by which Newton's steps of the dual path are found.
#include "kernels/registers.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

double excess(const double* coefficients, const double* residuals, const double* curvatures,
              size_t size, double* excess, double* inverse) {
  Vec sums{};
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Vec over = load(coefficients + i) + load(residuals + i);
    const Vec factor = 1 / load(curvatures + i);
    store(excess + i, over);
    store(inverse + i, factor);
    sums += over * over * factor;
  }
  double sum = sum_of_lanes(sums);
  for (; i < size; ++i) {  // beyond the size curvatures are zero
    excess[i] = coefficients[i] + residuals[i];
    inverse[i] = 1 / curvatures[i];
    sum += excess[i] * excess[i] * inverse[i];
  }
  return sum;
}

double scale(const double* left, const double* diagonal, const double* ones, size_t size,
             double* scaled) {
  Vec sums{};
  for (size_t i = 0; i < size; i += kLanes) {
    const Vec value = load(left + i) * load(diagonal + i);
    store(scaled + i, value);
    sums += load(ones + i) * value;
  }
  return sum_of_lanes(sums);
}

double descend(const double* left, const double* diagonal, const double* ones, double shift,
               size_t size, double* moved, double* shifted) {
  Vec sums{};
  for (size_t i = 0; i < size; i += kLanes) {
    const Vec own = load(left + i);
    const Vec coefficient = -load(moved + i) - load(ones + i) * shift;
    const Vec margin = -(own + coefficient) * load(diagonal + i);
    store(moved + i, coefficient);
    store(shifted + i, margin);
    sums -= own * margin;
  }
  return sum_of_lanes(sums);
}

double turn(const double* moved, const double* shifted, double kept, double intercept,
            const double* curvatures, size_t size, double* coefficients, double* margins) {
  Vec sums{};
  for (size_t i = 0; i < size; i += kLanes) {
    const Vec coefficient = load(moved + i) + load(coefficients + i) * kept;
    const Vec margin = load(shifted + i) + load(margins + i) * kept;
    store(coefficients + i, coefficient);
    store(margins + i, margin);
    sums += coefficient * (margin - intercept) + load(curvatures + i) * margin * margin;
  }
  return sum_of_lanes(sums);
}

Remainder go(const double* coefficients, const double* margins, double length,
             const double* curvatures, const double* inverse, size_t size, double* all_coefficients,
             double* all_margins, double* left) {
  Vec sums{}, bends{}, squares{};
  for (size_t i = 0; i < size; i += kLanes) {
    const Vec coefficient = load(coefficients + i) * length;
    const Vec margin = load(margins + i) * length;
    store(all_coefficients + i, load(all_coefficients + i) + coefficient);
    store(all_margins + i, load(all_margins + i) + margin);
    const Vec bend = load(curvatures + i) * margin;
    const Vec rest = load(left + i) + coefficient + bend;
    store(left + i, rest);
    sums += rest;
    bends += bend;
    squares += rest * rest * load(inverse + i);
  }
  return {sum_of_lanes(sums), sum_of_lanes(bends), sum_of_lanes(squares)};
}

void narrow(const double* a, const double* b, size_t size, float* product) {
  const size_t end = (size + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  for (size_t i = 0; i < end; i += kLanes) store_narrowed(product + i, load(a + i) * load(b + i));
}

void widen(const float* a, const double* b, size_t size, double* product) {
  for (size_t i = 0; i < size; i += kLanes) store(product + i, load_widened(a + i) * load(b + i));
}

}  // namespace

extern const StepLoops step_loops;
const StepLoops step_loops = {excess, scale, descend, turn, go, narrow, widen};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
