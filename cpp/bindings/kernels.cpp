// Kernels by themselves, for tests of their accuracy.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/aligned.hpp"
#include "bindings/python.hpp"
#include "core/learners/dual/dual_inverse.hpp"
#include "core/learners/logistic/third_derivative.hpp"
#include "core/learners/multinomial/contrasts.hpp"
#include "core/numerics/inverse.hpp"
#include "core/numerics/storage.hpp"

namespace shapcpp::bindings {
namespace {

using kernels::kernels;
using kernels::kLaneSums;
using kernels::kTileRows;
using kernels::Shifts;

// Rows of a matrix in single precision, as the kernels want them.
struct Samples {
  explicit Samples(const FloatArray& matrix)
      : rows(static_cast<std::size_t>(matrix.shape(0))),
        columns(static_cast<std::size_t>(matrix.shape(1))),
        tiles(columns, rows) {
    for (std::size_t i = 0; i < rows; ++i) tiles.append(row(matrix, i));
  }
  std::span<const double> row(const FloatArray& matrix, std::size_t i) const {
    return {matrix.data() + i * columns, columns};
  }

  const std::size_t rows;
  const std::size_t columns;
  Tiles<float> tiles;
};

std::pair<FloatArray, FloatArray> logistic(const FloatArray& margins, const FloatArray& signs) {
  const auto n = static_cast<std::size_t>(margins.size());
  check_size(signs, n, "signs");
  const std::size_t rows = padded_rows(n);
  const AlignedVector z = padded(margins, rows);
  const AlignedVector y = padded(signs, rows);
  const AlignedVector weights(rows, 1.0);
  AlignedVector residuals(rows);
  AlignedVector curvatures(rows);
  kernels().logistic(z.data(), y.data(), weights.data(), rows, residuals.data(), curvatures.data());
  return {to_array(residuals, n), to_array(curvatures, n)};
}

std::tuple<FloatArray, FloatArray, FloatArray> expand(const FloatArray& residuals,
                                                      const FloatArray& curvatures,
                                                      const FloatArray& signs,
                                                      const FloatArray& sample_weights) {
  const auto n = static_cast<std::size_t>(residuals.size());
  check_size(curvatures, n, "curvatures");
  check_size(signs, n, "signs");
  check_size(sample_weights, n, "sample_weights");
  const std::size_t rows = padded_rows(n);
  Aligned<float> probabilities(rows);
  Aligned<float> single_curvatures(rows);
  Aligned<float> thirds(rows);
  kernels().expand(padded(residuals, rows).data(), padded(curvatures, rows).data(),
                   padded(signs, rows).data(), padded(sample_weights, rows).data(), rows,
                   probabilities.data(), single_curvatures.data(), thirds.data());
  return {to_array(probabilities, n), to_array(single_curvatures, n), to_array(thirds, n)};
}

// The sums over samples, the largest shift and its moments, and the sum of absolute remainders.
std::tuple<FloatArray, double, double, double, double> remainder(
    const FloatArray& samples, const FloatArray& direction, const FloatArray& offsets,
    const FloatArray& probabilities, const FloatArray& curvatures, bool widened) {
  const Samples members(samples);
  check_size(direction, members.columns, "direction");
  check_size(offsets, members.rows, "offsets");
  check_size(probabilities, members.rows, "probabilities");
  check_size(curvatures, members.rows, "curvatures");
  const std::size_t rows = tiled_rows(members.rows);
  const auto u = padded<float>(direction, members.columns);
  const auto exact_u = padded(direction, members.columns);
  const auto o = padded<float>(offsets, rows);
  const auto p = padded<float>(probabilities, rows);
  const auto c = padded<float>(curvatures, rows);
  const std::size_t stride = padded_columns(members.columns);
  AlignedVector lane_sums(stride * kLaneSums);
  Shifts shifts;
  for (std::size_t t = 0; t < members.tiles.tile_count(); ++t) {
    const std::size_t first = t * kTileRows;
    const auto add = [&](auto loop, const auto* of_columns) {
      loop(members.tiles.tile(t), members.columns, of_columns, o.data() + first, p.data() + first,
           c.data() + first, padded_rows(members.tiles.rows_in(t)), lane_sums.data(), &shifts);
    };
    if (widened)
      add(kernels().add_remainder_widened, exact_u.data());
    else
      add(kernels().add_remainder, u.data());
  }
  AlignedVector sums(stride);
  kernels().add_lanes(lane_sums.data(), stride, sums.data());
  return {to_array(sums, members.columns), shifts.largest, shifts.fourth, shifts.eighth,
          shifts.remainders};
}

// Of samples, a row each, of the classes `own`: probabilities, and derivatives of the losses by the
// logits.
std::pair<FloatArray, FloatArray> class_residuals(const FloatArray& logits, const FloatArray& own) {
  const auto n = static_cast<std::size_t>(logits.shape(0));
  const auto classes = static_cast<std::size_t>(logits.shape(1));
  check_size(own, n, "own");
  if (n > kTileRows) throw std::invalid_argument("there are more samples than a tile holds");
  AlignedVector values(classes * kTileRows);
  AlignedVector residuals(values.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < classes; ++k)
      values[k * kTileRows + i] = logits.data()[i * classes + k];
  const AlignedVector weights(kTileRows, 1.0);
  kernels().softmax(values.data(), classes, padded_rows(n));
  kernels().class_residuals(values.data(), classes, padded(own, kTileRows).data(), weights.data(),
                            padded_rows(n), residuals.data());
  const auto rows = [&](const AlignedVector& from) {
    FloatArray result({n, classes});
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < classes; ++k)
        result.mutable_data()[i * classes + k] = from[k * kTileRows + i];
    return result;
  };
  return {rows(values), rows(residuals)};
}

// The covariances of Helmert's contrasts of one sample.
FloatArray contrast_covariances(const FloatArray& probabilities) {
  const auto classes = static_cast<std::size_t>(probabilities.size());
  const std::size_t m = classes - 1;
  const Contrasts helmert(classes, 1, 1);
  AlignedVector values(classes * kTileRows);
  for (std::size_t k = 0; k < classes; ++k) values[k * kTileRows] = probabilities.data()[k];
  const AlignedVector weights(kTileRows, 1.0);
  AlignedVector means(values.size());
  AlignedVector rests(values.size());
  AlignedVector variances(values.size());
  kernels().contrast_moments(values.data(), classes, helmert.scales(), weights.data(),
                             padded_rows(1), means.data(), rests.data(), variances.data());
  FloatArray result({m, m});
  for (std::size_t j = 0; j < m; ++j)
    for (std::size_t l = 0; l < m; ++l) {
      const double covariance =
          means[std::min(j, l) * kTileRows] * rests[std::max(j, l) * kTileRows];
      result.mutable_data()[j * m + l] = j == l ? variances[j * kTileRows] : covariance;
    }
  return result;
}

// How many samples class `own` certainly leads, and which of them are open; one tile at most.
std::pair<std::size_t, IntArray> lead(const FloatArray& samples, const FloatArray& weights,
                                      std::size_t own, const FloatArray& reaches,
                                      const FloatArray& norms) {
  const Samples rows_of(samples);
  const auto n_classes = static_cast<std::size_t>(reaches.size());
  check_size(weights, rows_of.columns * n_classes, "weights");
  check_size(norms, rows_of.rows, "norms");
  if (own >= n_classes || rows_of.rows > kTileRows)
    throw std::invalid_argument("there is no such class, or more than one tile");
  auto padded_norms = padded<float>(norms, kTileRows);
  std::fill(padded_norms.begin() + static_cast<std::ptrdiff_t>(rows_of.rows), padded_norms.end(),
            std::numeric_limits<float>::quiet_NaN());
  std::vector<unsigned short> open(kTileRows);
  std::size_t within = 0;
  const std::size_t led =
      kernels().lead(rows_of.tiles.tile(0), rows_of.columns,
                     padded<float>(weights, rows_of.columns * n_classes).data(), n_classes, own,
                     padded<float>(reaches, n_classes).data(), padded_norms.data(),
                     padded_rows(rows_of.rows), &within, open.data());
  return {led, bindings::to_array(
                   {open.begin(), open.begin() + static_cast<std::ptrdiff_t>(within)}, {within})};
}

double absolute_dot(const FloatArray& a, const FloatArray& b) {
  const auto n = static_cast<std::size_t>(a.size());
  check_size(b, n, "b");
  const std::size_t stride = padded_columns(n);
  return kernels().absolute_dot(padded<double>(a, stride).data(), padded<double>(b, stride).data(),
                                stride);
}

// None if a pivot is not positive.
std::optional<FloatArray> invert(const FloatArray& matrix) {
  const auto columns = static_cast<std::size_t>(matrix.shape(0));
  check_size(matrix, columns * columns, "matrix");
  const std::size_t stride = padded_columns(columns);
  AlignedVector copy(columns * stride);
  for (std::size_t i = 0; i < columns; ++i)
    std::copy_n(matrix.data() + i * columns, columns, copy.data() + i * stride);
  if (!Inverter(columns, stride).invert(copy, [] {})) return std::nullopt;
  FloatArray inverse({matrix.shape(0), matrix.shape(0)});
  for (std::size_t i = 0; i < columns; ++i)
    std::copy_n(copy.data() + i * stride, columns, inverse.mutable_data() + i * columns);
  return inverse;
}

// The third derivative of members, and of joining samples in double precision, applied to a and b.
FloatArray third_derivative(const FloatArray& samples, const FloatArray& weights,
                            const FloatArray& joining, const FloatArray& joining_weights,
                            const FloatArray& a, const FloatArray& b) {
  const Samples members(samples);
  check_size(weights, members.rows, "weights");
  check_size(a, members.columns, "a");
  check_size(b, members.columns, "b");
  const auto w = padded<float>(weights, tiled_rows(members.rows));
  ThirdDerivative third(members.columns);
  third.clear();
  for (std::size_t t = 0; t < members.tiles.tile_count(); ++t)
    third.add(members.tiles.tile(t), w.data() + t * kTileRows,
              padded_rows(members.tiles.rows_in(t)));
  third.complete();
  const std::size_t stride = padded_columns(members.columns);
  check_size(joining, static_cast<std::size_t>(joining_weights.size()) * members.columns,
             "joining");
  for (py::ssize_t i = 0; i < joining_weights.size(); ++i) {
    const auto row = members.row(joining, static_cast<std::size_t>(i));
    AlignedVector sample(row.begin(), row.end());
    sample.resize(stride);
    third.absorb(sample, joining_weights.data()[i]);
  }
  AlignedVector product(stride);
  third.contract(padded(a, stride), padded(b, stride), product);
  return to_array(product, members.columns);
}

// The symmetric matrix with this lower triangle, plus factor times vector (x) vector, times the
// vector.
FloatArray lower_product(const FloatArray& matrix, const FloatArray& vector, double factor) {
  const auto n = static_cast<std::size_t>(vector.size());
  check_size(matrix, n * n, "matrix");
  const std::size_t stride = padded_columns(n);
  AlignedVector lower(n * stride);
  for (std::size_t i = 0; i < n; ++i)
    std::copy_n(matrix.data() + i * n, i + 1, lower.data() + i * stride);
  const AlignedVector x = padded(vector, stride);
  AlignedVector product(stride);
  kernels().add_outer_lower(lower.data(), stride, n, x.data(), factor);
  kernels().multiply_lower(lower.data(), stride, n, x.data(), product.data());
  return to_array(product, n);
}

// The sum of rows in single precision, each times its factor.
FloatArray row_sum(const FloatArray& rows, const FloatArray& factors) {
  const auto n = static_cast<std::size_t>(factors.size());
  check_size(rows, n * static_cast<std::size_t>(rows.shape(1)), "rows");
  const auto columns = static_cast<std::size_t>(rows.shape(1));
  const std::size_t width = padded_rows(columns);
  std::vector<Aligned<float>> single(n, Aligned<float>(width));
  std::vector<const float*> pointers;
  for (std::size_t i = 0; i < n; ++i) {
    std::transform(rows.data() + i * columns, rows.data() + (i + 1) * columns, single[i].begin(),
                   [](double value) { return static_cast<float>(value); });
    pointers.push_back(single[i].data());
  }
  AlignedVector sums(width);
  kernels().add_rows(pointers.data(), factors.data(), n, width, sums.data());
  return to_array(sums, columns);
}

}  // namespace

void bind_kernels(py::module_& module) {
  const auto bind = [&](const char* name, auto function, auto... names) {
    module.def(name, function, py::arg(names).noconvert()...);
  };
  bind("logistic", &logistic, "margins", "signs");
  bind("expand", &expand, "residuals", "curvatures", "signs", "sample_weights");
  bind("remainder", &remainder, "samples", "direction", "offsets", "probabilities", "curvatures",
       "widened");
  bind("class_residuals", &class_residuals, "logits", "own");
  bind("contrast_covariances", &contrast_covariances, "probabilities");
  bind("lead", &lead, "samples", "weights", "own", "reaches", "norms");
  bind("absolute_dot", &absolute_dot, "a", "b");
  bind("invert", &invert, "matrix");
  module.def("lower_product", &lower_product, py::arg("matrix").noconvert(),
             py::arg("vector").noconvert(), py::arg("factor"));
  bind("row_sum", &row_sum, "rows", "factors");
  bind("third_derivative", &third_derivative, "samples", "weights", "joining", "joining_weights",
       "a", "b");
}

}  // namespace shapcpp::bindings
