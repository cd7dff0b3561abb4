// The path of one coefficient per member, for tests of its lemmas and loops.
#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "bindings/aligned.hpp"
#include "bindings/python.hpp"
#include "core/game/wide_game.hpp"

namespace shapcpp::bindings {
namespace {

class Dual {
 public:
  Dual(const Problem& problem, bool stored)
      : problem_(problem),
        gram_(problem, stored, checkpoint_),
        members_(gram_, problem.training().size()),
        path_(members_, 1, {checkpoint_, statistics_}) {
    path_.clear();
  }

  void join(std::size_t i) {
    if (i >= problem_.training().size()) throw py::index_error("there is no such sample");
    if (path_.size() == problem_.training().size())
      throw std::invalid_argument("all samples have joined");
    members_.join(i);
    path_.join(i);
  }

  // Coefficients, intercept and bounds.
  py::tuple estimate() {
    const DualScores::Bounds& found = path_.estimate().bounds();
    py::dict bounds;
    bounds["gradient"] = found.gradient;
    bounds["radius"] = found.radius;
    bounds["floor"] = found.floor;
    bounds["offset"] = found.offset;
    bounds["per_length"] = path_.scores().error_per_length();
    bounds["per_norm"] = path_.scores().error_per_norm();
    bounds["error"] = path_.scores().error();
    const FloatArray coefficients(static_cast<py::ssize_t>(path_.size()),
                                  path_.coefficients().data());
    return py::make_tuple(coefficients, path_.intercept(), bounds);
  }
  bool refine() { return path_.refine(); }

  // Margins of the test samples, class by class.
  FloatArray margins() const {
    AlignedVector margins(gram_.width());
    path_.scores().write_margins(margins);
    std::vector<double> values;
    for (std::size_t k = 0; k < problem_.n_classes(); ++k)
      for (std::size_t i = 0; i < problem_.test().samples(k).size(); ++i)
        values.push_back(margins[gram_.first(k) + i]);
    return FloatArray(static_cast<py::ssize_t>(values.size()), values.data());
  }

 private:
  const Problem& problem_;
  const Checkpoint checkpoint_ = [] {};
  Statistics statistics_;
  Gram gram_;
  DualMembers members_;
  DualPath path_;
};

// One direction of a Newton step of the dual path where S is the unit matrix, after a direction of
// ones: what it adds, what it leaves, the excess, and all sums on the way.
py::tuple step_direction(const FloatArray& left, const FloatArray& diagonal,
                         const FloatArray& curvatures, const FloatArray& residuals, double kept,
                         double length) {
  const kernels::Kernels& k = kernels::kernels();
  const auto n = static_cast<std::size_t>(left.size());
  const std::size_t width = padded_rows(n);
  AlignedVector rest = padded(left, width), own = padded(diagonal, width), scaled(width);
  AlignedVector c = padded(curvatures, width), ones(width), over(width), inverses(width);
  std::fill_n(ones.begin(), n, 1.0);
  const double along = k.scale(rest.data(), own.data(), ones.data(), n, scaled.data());
  AlignedVector moved(scaled);  // S is the unit matrix
  const double descent =
      k.descend(rest.data(), own.data(), ones.data(), along, n, moved.data(), scaled.data());
  AlignedVector coefficients(ones), margins(ones), all(width), all_margins(width);
  const double curvature = k.turn(moved.data(), scaled.data(), kept, along, c.data(), n,
                                  coefficients.data(), margins.data());
  const double squares =
      k.excess(left.data(), residuals.data(), curvatures.data(), n, over.data(), inverses.data());
  const kernels::Remainder remainder =
      k.go(coefficients.data(), margins.data(), length, c.data(), inverses.data(), n, all.data(),
           all_margins.data(), rest.data());
  return py::make_tuple(to_array(all, n), to_array(all_margins, n), to_array(rest, n),
                        to_array(over, n),
                        std::vector<double>{along, descent, curvature, squares, remainder.sum,
                                            remainder.bend, remainder.squares});
}

// The symmetric matrix with this lower triangle, plus the sum of each factor times its vector (x)
// vector, times the vector.
template <class Real>
FloatArray block_product(const FloatArray& matrix, const FloatArray& vectors,
                         const FloatArray& factors, const FloatArray& vector) {
  const auto n = static_cast<std::size_t>(vector.size());
  const auto count = static_cast<std::size_t>(factors.size());
  check_size(matrix, n * n, "matrix");
  check_size(vectors, n * count, "vectors");
  TriangleOf<Real> triangle(n);
  for (std::size_t i = 0; i < n; ++i) triangle.write_row(i, matrix.data() + i * n);
  Aligned<Real> rows(count * triangle.pitch), weights(factors.data(), factors.data() + count),
      right(triangle.pitch), product(triangle.pitch);
  for (std::size_t p = 0; p < count; ++p)
    std::copy_n(vectors.data() + p * n, n, rows.data() + p * triangle.pitch);
  std::copy_n(vector.data(), n, right.data());
  const kernels::Kernels& k = kernels::kernels();
  if constexpr (sizeof(Real) == sizeof(double)) {
    k.add_to_blocks(triangle.data(), n, rows.data(), triangle.pitch, weights.data(), count);
    k.multiply_blocks(triangle.data(), n, right.data(), product.data());
  } else {
    k.add_to_single_blocks(triangle.data(), n, rows.data(), triangle.pitch, weights.data(), count);
    k.multiply_single_blocks(triangle.data(), n, right.data(), product.data());
  }
  const AlignedVector widened(product.begin(), product.end());
  return to_array(widened, n);
}

// S times a vector and times 1, and the curvatures that it has: built of all samples but the last
// ones, which join; then those whose curvatures change most take their new ones. None if building
// fails.
std::optional<std::tuple<FloatArray, FloatArray, FloatArray>> inverse_product(
    const FloatArray& products, const FloatArray& curvatures, std::size_t joining,
    const FloatArray& later, const FloatArray& vector, bool in_single) {
  const auto n = static_cast<std::size_t>(vector.size());
  check_size(products, n * n, "products");
  check_size(curvatures, n, "curvatures");
  check_size(later, n, "later");
  if (joining >= n) throw std::invalid_argument("nothing to build of");
  Triangle triangle(n);
  for (std::size_t i = 0; i < n; ++i) triangle.write_row(i, products.data() + i * n);
  DualInverse::Room room;
  DualInverse inverse(n, in_single, room);
  if (!inverse.build(triangle, padded<double>(curvatures, triangle.pitch), n - joining, [] {}))
    return std::nullopt;
  for (std::size_t i = n - joining; i < n; ++i) {
    AlignedVector own(triangle.pitch);
    std::copy_n(products.data() + i * n, i, own.begin());
    inverse.join(inverse.expect(own, products.data()[i * n + i]), curvatures.data()[i]);
  }
  inverse.renew(padded<double>(later, triangle.pitch));
  AlignedVector product(triangle.pitch);
  inverse.multiply(padded<double>(vector, triangle.pitch), product);
  AlignedVector current(n);
  for (std::size_t i = 0; i < n; ++i) current[i] = 1 / inverse.inverse_curvatures()[i];
  return std::tuple(to_array(product, n), to_array(inverse.ones(), n), to_array(current, n));
}

}  // namespace

void bind_dual(py::module_& module) {
  py::class_<Dual>(module, "DualPath", py::is_final())
      .def(py::init<const Problem&, bool>(), py::arg("problem"), py::arg("stored"),
           py::keep_alive<1, 2>())
      .def("join", &Dual::join, py::arg("i"))
      .def("estimate", &Dual::estimate)
      .def("refine", &Dual::refine)
      .def_property_readonly("margins", &Dual::margins);
  module.def("step_direction", &step_direction, py::arg("left").noconvert(),
             py::arg("diagonal").noconvert(), py::arg("curvatures").noconvert(),
             py::arg("residuals").noconvert(), py::arg("kept").noconvert(),
             py::arg("length").noconvert());
  module.def(
      "block_product",
      [](const FloatArray& matrix, const FloatArray& vectors, const FloatArray& factors,
         const FloatArray& vector, bool in_single) {
        return (in_single ? block_product<float> : block_product<double>)(matrix, vectors, factors,
                                                                          vector);
      },
      py::arg("matrix").noconvert(), py::arg("vectors").noconvert(), py::arg("factors").noconvert(),
      py::arg("vector").noconvert(), py::arg("in_single"));
  module.def("inverse_product", &inverse_product, py::arg("products").noconvert(),
             py::arg("curvatures").noconvert(), py::arg("joining"), py::arg("later").noconvert(),
             py::arg("vector").noconvert(), py::arg("in_single"));
  module.def(
      "wide_game",
      [](const Problem& problem, bool stored) -> std::unique_ptr<GameFactory> {
        if (most_dual_members(problem.columns()) == 0)
          throw std::invalid_argument("too few columns");
        if (problem.n_classes() == 2)
          return std::make_unique<WideGameFactory<WideGame>>(problem, stored);
        return std::make_unique<WideGameFactory<WideClassGame>>(problem, stored);
      },
      py::arg("problem"), py::arg("stored"), py::keep_alive<0, 1>());
}

}  // namespace shapcpp::bindings
