// What a path does with its small vectors when a sample joins or its anchor moves: what shares its
// operands runs side by side.
#include "kernels/lane_sums.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

constexpr size_t kMostSums = 4;

// The lanes of four sums, added up side by side.
inline void write_sums(const Vec* sums, double* results) {
  if constexpr (kLanes >= kMostSums) {
    const Vec totals = sums_of_lanes<double, kMostSums>(sums);
    for (size_t i = 0; i < kMostSums; ++i) results[i] = totals[i];
  } else {
    for (size_t i = 0; i < kMostSums; ++i) results[i] = sum_of_lanes(sums[i]);
  }
}

void four_dots(const double* vector, const double* const* others, size_t stride, double* products) {
  Vec sums[kMostSums];
  set_to_zero(sums, kMostSums);
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec own = load(vector + j);
    for (size_t i = 0; i < kMostSums; ++i) sums[i] += own * load(others[i] + j);
  }
  write_sums(sums, products);
}

Sums sums(const double* values, const double* weights, size_t stride) {
  Vec plain{}, weighted{};
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec value = load(values + j);
    plain += value;
    weighted += value * load(weights + j);
  }
  return {sum_of_lanes(plain), sum_of_lanes(weighted)};
}

void add_scaled_squares(double* target, size_t stride, const double* vector, double factor) {
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec value = load(vector + j);
    store(target + j, load(target + j) + value * value * factor);
  }
}

Extended extend(double* target, size_t stride, const double* vector, double factor,
                const double* other) {
  Vec squares{}, products{};
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec sum = load(target + j) + load(vector + j) * factor;
    store(target + j, sum);
    squares += sum * sum;
    products += sum * load(other + j);
  }
  return {sum_of_lanes(squares), sum_of_lanes(products)};
}

StepSizes take_step(double* step, double* curved, size_t stride, const double* gradient,
                    const double* weights) {
  Vec sizes[kMostSums];
  set_to_zero(sizes, kMostSums);
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec solved = load(step + j), slope = load(gradient + j);
    const Vec square = solved * solved;
    store(step + j, -solved);
    store(curved + j, -slope);
    sizes[0] += solved * slope;
    sizes[1] += square;
    sizes[2] += square * load(weights + j);
  }
  double results[kMostSums];
  write_sums(sizes, results);
  return {results[0], {results[1], results[2]}};
}

AnchorSizes move_anchor(double* displacement, double* step, double* linear, double* curved,
                        double* gradient, size_t stride, const double* weights) {
  Vec sizes[kMostSums];
  set_to_zero(sizes, kMostSums);
  for (size_t j = 0; j < stride; j += kLanes) {
    const Vec moved = load(displacement + j) + load(step + j);
    const Vec slope = load(linear + j) + load(curved + j);
    store(displacement + j, moved);
    store(linear + j, slope);
    store(gradient + j, slope);
    store(step + j, Vec{});
    store(curved + j, Vec{});
    const Vec square = moved * moved;
    sizes[0] += square;
    sizes[1] += square * load(weights + j);
    sizes[2] += slope * slope;
  }
  double results[kMostSums];
  write_sums(sizes, results);
  return {{results[0], results[1]}, results[2]};
}

}  // namespace

extern const PathLoops path_loops;
const PathLoops path_loops = {four_dots, sums, add_scaled_squares, extend, take_step, move_anchor};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
