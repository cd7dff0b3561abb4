// The vector loops of the engine, compiled once per instruction set and chosen at start-up.
#pragma once

#include <cstddef>

namespace shapcpp::kernels {

// Samples lie in tiles of this many rows, feature by feature: value (row, column) of a tile is
// tile[column * kTileRows + row]. A tile of the paper's 16 features fits the first-level cache.
inline constexpr std::size_t kTileRows = 256;

// `rows` is always a multiple of this: whoever fills a tile pads it, so that no loop has a
// remainder.
inline constexpr std::size_t kRowMultiple = 8;

struct Kernels {
  const char* level;

  // margins[i] = sum over columns j of tile(i, j) * weights[j]
  void (*margins)(const double* tile, std::size_t columns, const double* weights, std::size_t rows,
                  double* margins);

  // The largest |values[i]|.
  double (*largest)(const double* values, std::size_t rows);

  // The largest |a[i] - b[i]| over exactly `rows` rows.
  double (*largest_difference)(const double* a, const double* b, std::size_t rows);

  // Derivatives of the loss a * log(1 + exp(-sign * margin)) by the margin, sign = +1 or -1:
  // residuals (first) and curvatures (second).
  void (*logistic)(const double* margins, const double* signs, const double* sample_weights,
                   std::size_t rows, double* residuals, double* curvatures);

  // gradient[j] += sum over rows i of tile(i, j) * residuals[i]; the same of the absolute products
  // to magnitude[j]
  void (*add_gradient)(const double* tile, std::size_t columns, const double* residuals,
                       std::size_t rows, double* gradient, double* magnitude);

  // hessian[j * columns + l] += sum over rows i of curvatures[i] * tile(i, j) * tile(i, l), l <= j;
  // what stands above the diagonal is undefined. `scratch` holds 4 * kTileRows numbers.
  void (*add_hessian)(const double* tile, std::size_t columns, const double* curvatures,
                      std::size_t rows, double* hessian, double* scratch);

  // Small vectors and matrices, rows of `stride` numbers, a multiple of kRowMultiple; what lies
  // beyond `columns` in a vector is zero. Matrices are symmetric.
  double (*dot)(const double* a, const double* b, std::size_t stride);
  void (*add_scaled)(double* target, std::size_t stride, const double* vector, double factor);
  void (*multiply)(const double* matrix, std::size_t columns, std::size_t stride,
                   const double* vector, double* product);
  // matrix += factor * vector * vector'
  void (*add_outer)(double* matrix, std::size_t columns, std::size_t stride, const double* vector,
                    double factor);

  // How many margins exceed their bound, and how many lie within it, where
  // bound_i = norms[i] * scale.
  void (*classify)(const double* margins, const double* norms, double scale, std::size_t rows,
                   std::size_t* positive, std::size_t* within);
};

// The level in use: SHAPCPP_ISA where it is set, else the best. Chosen once per process; throws
// std::invalid_argument if SHAPCPP_ISA names no level or one that this processor lacks.
const Kernels& kernels();

}  // namespace shapcpp::kernels
