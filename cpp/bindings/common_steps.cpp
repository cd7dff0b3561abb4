// Kernels of steps common to all classes by themselves, for tests of their accuracy.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "bindings/aligned.hpp"
#include "bindings/python.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp::bindings {
namespace {

using kernels::kBlockRows;
using kernels::kernels;
using kernels::kTileRows;

// Where part `of` of `parts` of row i lies, in blocks of rows.
std::size_t in_blocks(std::size_t rows, std::size_t i, std::size_t parts, std::size_t of) {
  const std::size_t first = i / kBlockRows * kBlockRows;
  return parts * first + of * std::min(kBlockRows, rows - first) + i - first;
}

// The leads over each rival moved by the step along `unit` times the vector, how many samples are
// ahead of all, and which are open; one tile at most.
std::tuple<FloatArray, std::size_t, IntArray> advance(const FloatArray& samples,
                                                      const FloatArray& vector, std::size_t chunk,
                                                      double unit, const FloatArray& steps,
                                                      double limit, const FloatArray& known,
                                                      const FloatArray& leads) {
  const auto n = static_cast<std::size_t>(samples.shape(0));
  const auto columns = static_cast<std::size_t>(samples.shape(1));
  const auto rivals = static_cast<std::size_t>(steps.size());
  check_size(vector, columns, "vector");
  check_size(known, n, "known");
  check_size(leads, rivals * n, "leads");
  if (n > kTileRows || chunk == 0) throw std::invalid_argument("more than one tile, or no chunk");
  const std::size_t rows = padded_rows(n), pairs = (columns + 1) / 2;
  auto all_known = padded<float>(known, rows);
  std::fill(all_known.begin() + known.size(), all_known.end(), std::nanf(""));
  Aligned<short> blocks(2 * pairs * rows);
  for (std::size_t i = 0; i < n * columns; ++i)
    blocks[2 * in_blocks(rows, i / columns, pairs, i % columns / 2) + i % columns % 2] =
        static_cast<short>(samples.data()[i]);
  Aligned<float> moved(rivals * rows);
  for (std::size_t i = 0; i < rivals * n; ++i)
    moved[in_blocks(rows, i % n, rivals, i / n)] = static_cast<float>(leads.data()[i]);
  const auto numbers = padded<short>(vector, 2 * pairs);
  std::vector<unsigned short> open(kTileRows);
  std::size_t within = 0;
  const std::size_t led =
      kernels().advance(blocks.data(), {numbers.data(), pairs, chunk, static_cast<float>(unit)},
                        padded<float>(steps, rivals).data(), rivals, static_cast<float>(limit),
                        all_known.data(), rows, moved.data(), &within, open.data());
  open.resize(within);
  FloatArray result({rivals, n});
  for (std::size_t i = 0; i < rivals * n; ++i)
    result.mutable_data()[i] = static_cast<double>(moved[in_blocks(rows, i % n, rivals, i / n)]);
  return {result, led, bindings::to_array({open.begin(), open.end()}, {within})};
}

// Rows moved along a vector: they, their products with it, their squares, and their sums of
// absolute products with the scales.
std::tuple<FloatArray, FloatArray, FloatArray, FloatArray> move_rows(const FloatArray& rows,
                                                                     const FloatArray& vector,
                                                                     const FloatArray& lengths,
                                                                     const FloatArray& scales) {
  const auto n = static_cast<std::size_t>(lengths.size());
  const auto columns = static_cast<std::size_t>(vector.size()), stride = padded_columns(columns);
  check_size(rows, n * columns, "rows");
  check_size(scales, columns, "scales");
  AlignedVector moved(n * stride), products(n), squares(n), sums(n);
  FloatArray result({n, columns});
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(rows.data() + i * columns, columns, moved.data() + i * stride);
  const AlignedVector along = padded(vector, stride);
  kernels().move(moved.data(), n, stride, along.data(), lengths.data());
  kernels().products(moved.data(), n, stride, along.data(), products.data());
  kernels().sizes(moved.data(), n, stride, padded(scales, stride).data(), squares.data(),
                  sums.data());
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(moved.data() + i * stride, columns, result.mutable_data() + i * columns);
  return {result, to_array(products, n), to_array(squares, n), to_array(sums, n)};
}

}  // namespace

void bind_common_steps(py::module_& module) {
  const auto bind = [&](const char* name, auto function, auto... names) {
    module.def(name, function, py::arg(names).noconvert()...);
  };
  bind("advance", &advance, "samples", "vector", "chunk", "unit", "steps", "limit", "known",
       "leads");
  bind("move_rows", &move_rows, "rows", "vector", "lengths", "scales");
}

}  // namespace shapcpp::bindings
