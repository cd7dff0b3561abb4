// Passes over samples in double precision.
#include "kernels/exponential.hpp"
#include "kernels/products.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

void margins(const double* tile, size_t columns, const double* weights, size_t rows,
             double* margins) {
  constexpr size_t kChains = 8;
  size_t row = 0;
  for (; row + kChains * kLanes <= rows; row += kChains * kLanes) {
    Vec sums[kChains];
    set_to_zero(sums, kChains);
    for (size_t j = 0; j < columns; ++j) {
      const double* column = tile + j * kTileStride + row;
      for (size_t c = 0; c < kChains; ++c) sums[c] += load(column + c * kLanes) * weights[j];
    }
    for (size_t c = 0; c < kChains; ++c) store(margins + row + c * kLanes, sums[c]);
  }
  for (; row < rows; row += kLanes) {
    Vec even{}, odd{};
    size_t j = 0;
    for (; j + 1 < columns; j += 2) {
      even += load(tile + j * kTileStride + row) * weights[j];
      odd += load(tile + (j + 1) * kTileStride + row) * weights[j + 1];
    }
    if (j < columns) even += load(tile + j * kTileStride + row) * weights[j];
    store(margins + row, even + odd);
  }
}

double largest(const double* values, size_t rows) {
  Vec most{};
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec value = absolute(load(values + row));
    most = select(value > most, value, most);
  }
  double result = most[0];
  for (size_t lane = 1; lane < kLanes; ++lane) result = most[lane] > result ? most[lane] : result;
  return result;
}

void logistic(const double* margins, const double* signs, const double* sample_weights, size_t rows,
              double* residuals, double* curvatures) {
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec sign = load(signs + row);
    const Vec margin = load(margins + row) * sign;
    const Vec weight = load(sample_weights + row);
    const Vec tail = exp_nonpositive(-absolute(margin));
    const Vec likely = 1.0 / (1.0 + tail);
    const Vec unlikely = tail * likely;
    store(residuals + row, -sign * weight * select(margin >= 0.0, unlikely, likely));
    store(curvatures + row, weight * likely * unlikely);
  }
}

void add_gradient(const double* tile, size_t columns, const double* residuals, size_t rows,
                  double* gradient, double* magnitude) {
  constexpr size_t kChains = 4;
  for (size_t j = 0; j < columns; ++j) {
    const double* column = tile + j * kTileStride;
    Vec sums[kChains];
    set_to_zero(sums, kChains);
    Vec sizes[kChains];
    set_to_zero(sizes, kChains);
    size_t row = 0;
    for (; row + kChains * kLanes <= rows; row += kChains * kLanes)
      for (size_t c = 0; c < kChains; ++c) {
        const Vec product = load(column + row + c * kLanes) * load(residuals + row + c * kLanes);
        sums[c] += product;
        sizes[c] += absolute(product);
      }
    for (; row < rows; row += kLanes) {
      const Vec product = load(column + row) * load(residuals + row);
      sums[0] += product;
      sizes[0] += absolute(product);
    }
    gradient[j] += sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
    magnitude[j] += sum_of_lanes((sizes[0] + sizes[1]) + (sizes[2] + sizes[3]));
  }
}

void add_hessian(const double* tile, size_t columns, const double* curvatures, size_t rows,
                 double* hessian, double* scratch) {
  add_products(tile, columns, curvatures, rows, hessian, scratch);
}

void classify(const double* margins, const double* norms, double scale, size_t rows,
              size_t* positive, size_t* within) {
  Bits above{}, inside{};
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec margin = load(margins + row);
    const Vec bound = load(norms + row) * scale;
    above -= (Bits)(margin > bound);
    inside -= (Bits)(absolute(margin) <= bound);
  }
  size_t above_sum = 0, inside_sum = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    above_sum += static_cast<size_t>(above[lane]);
    inside_sum += static_cast<size_t>(inside[lane]);
  }
  *positive = above_sum;
  *within = inside_sum;
}

}  // namespace

extern const SampleLoops sample_loops;
const SampleLoops sample_loops = {margins, largest, logistic, add_gradient, add_hessian, classify};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
