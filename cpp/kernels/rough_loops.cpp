// Passes and products in single precision that no bound depends on.
#include "kernels/class_passes.hpp"
#include "kernels/symmetric.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

void add_rough_gradient(const float* tile, size_t columns, const float* weights, size_t classes,
                        size_t stride, const float* own, const float* sample_weights, size_t rows,
                        float* scratch, double* gradient) {
  logits_in(tile, columns, weights, classes, stride, rows, scratch);
  size_t row = 0;
  for (; row + 2 * kSingleLanes <= rows; row += 2 * kSingleLanes)
    softmax_of<2>(scratch + row, classes);
  if (row < rows) softmax_of<1>(scratch + row, classes);
  for (row = 0; row < rows; row += kSingleLanes) {
    const Single right = load(own + row), weight = load(sample_weights + row);
    for (size_t k = 0; k < classes; ++k) {
      float* place = scratch + k * kTileRows + row;
      const Single one = select(right == static_cast<float>(k), Single{} + 1.0f, Single{});
      store(place, weight * (load(place) - one));
    }
  }
  add_gradient_in(tile, columns, static_cast<const float*>(scratch), classes, stride, rows,
                  gradient);
}

void multiply_roughly(const float* matrix, size_t columns, size_t stride, const float* vector,
                      float* product) {
  multiply_wide(matrix, columns, stride, vector, product);
}

void subtract_gram_roughly(const float* rows, size_t count, size_t stride, const float* vector,
                           float* product) {
  subtract_gram_of_rows(rows, count, stride, vector, product);
}

}  // namespace

extern const RoughLoops rough_loops;
const RoughLoops rough_loops = {add_rough_gradient, multiply_roughly, subtract_gram_roughly};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
