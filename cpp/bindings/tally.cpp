#include "core/recorders/tally.hpp"

#include <algorithm>
#include <stdexcept>

#include "bindings/python.hpp"

namespace shapcpp::bindings {

void check_order(const IntArray& order, std::size_t n) {
  std::vector<bool> seen(n);
  if (static_cast<std::size_t>(order.size()) != n)
    throw std::invalid_argument("order must hold each player once");
  for (const auto player : view(order)) {
    if (player < 0 || static_cast<std::size_t>(player) >= n ||
        seen[static_cast<std::size_t>(player)])
      throw std::invalid_argument("order must hold each player once");
    seen[static_cast<std::size_t>(player)] = true;
  }
}

namespace {

void add(Tally& tally, std::uint64_t index, const IntArray& order, const IntArray& path,
         std::int64_t uncertified) {
  check_order(order, tally.n_players());
  if (static_cast<std::size_t>(path.size()) != tally.gains().size() + tally.n_classes())
    throw std::invalid_argument("path must hold the counts of n_players + 1 coalitions");
  std::vector<std::int64_t> changes(tally.n_players() * tally.n_classes());
  add_changes(view(order), view(path), changes);
  tally.add({index, index + 1}, changes, uncertified, {});
}

IntArray ranges(const Tally& tally) {
  IntArray array(std::vector<py::ssize_t>{static_cast<py::ssize_t>(tally.ranges().size()), 2});
  std::int64_t* target = array.mutable_data();
  for (const IndexRange& range : tally.ranges()) {
    *target++ = static_cast<std::int64_t>(range.first);
    *target++ = static_cast<std::int64_t>(range.end);
  }
  return array;
}

py::dict statistics(const Tally& tally) {
  const Statistics& done = tally.statistics();
  py::dict facts;
  facts["joins"] = done.joins;
  facts["coalitions"] = done.coalitions;
  facts["without_pass"] = done.without_pass;
  facts["passes"] = done.passes;
  facts["hessian_builds"] = done.hessian_builds;
  facts["fits"] = done.fits;
  facts["references"] = done.references;
  facts["test_evaluations"] = done.test_evaluations;
  return facts;
}

}  // namespace

void bind_tally(py::module_& module) {
  py::class_<Tally>(module, "Tally", py::is_final())
      .def(py::init<std::size_t, std::size_t>(), py::arg("n_players"), py::arg("n_classes"))
      .def("add", &add, py::arg("index"), py::arg("order").noconvert(), py::arg("path").noconvert(),
           py::arg("uncertified") = 0)
      .def_property_readonly("gains",
                             [](const Tally& tally) {
                               return to_array(tally.gains(),
                                               {tally.n_players(), tally.n_classes()});
                             })
      .def_property_readonly("products",
                             [](const Tally& tally) {
                               return to_array(
                                   tally.products(),
                                   {tally.n_players(), tally.n_classes(), tally.n_classes()});
                             })
      .def_property_readonly("uncertified", &Tally::uncertified)
      .def_property_readonly("statistics", &statistics)
      .def_property_readonly("ranges", &ranges);
}

}  // namespace shapcpp::bindings
