#include "core/recorders/tally.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "bindings/python.hpp"

namespace shapcpp::bindings {

namespace {

IntArray ranges(const Tally& tally) {
  IntArray array(std::vector<py::ssize_t>{static_cast<py::ssize_t>(tally.ranges().size()), 2});
  std::int64_t* target = array.mutable_data();
  for (const IndexRange& range : tally.ranges()) {
    *target++ = static_cast<std::int64_t>(range.first);
    *target++ = static_cast<std::int64_t>(range.end);
  }
  return array;
}

// (n_players, width, width), or a column per class and per weighted sum where there are any.
IntArray moments(const Tally& tally) {
  const Moments& kept = tally.moments();
  if (kept.has_all_pairs())
    return to_array(kept.values(), {tally.n_players(), tally.width(), tally.width()});
  return to_array(kept.values(), {tally.n_players(), kept.columns()});
}

// Samples, sizes and classes of the votes that are counted; one size is the sum over all.
using VoteCounts = std::array<std::size_t, 3>;

std::unique_ptr<Tally> make_tally(std::size_t n_players, std::size_t width,
                                  const std::optional<IntArray>& weights,
                                  const std::optional<VoteCounts>& votes) {
  const VoteShape shape = votes ? VoteShape{{(*votes)[0], (*votes)[2]}, (*votes)[1]} : VoteShape{};
  return std::make_unique<Tally>(n_players, width,
                                 weights ? view(*weights) : std::span<const std::int64_t>(), shape);
}

std::optional<IntArray> votes(const Tally& tally) {
  const VoteShape& shape = tally.votes().shape();
  if (shape == VoteShape{}) return std::nullopt;
  IntArray array(std::vector<py::ssize_t>{static_cast<py::ssize_t>(shape.predicted.samples),
                                          static_cast<py::ssize_t>(shape.sizes),
                                          static_cast<py::ssize_t>(shape.predicted.classes)});
  tally.votes().write({array.mutable_data(), static_cast<std::size_t>(array.size())});
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
  facts["vote_ties"] = done.vote_ties;
  facts["vote_uncertified"] = done.vote_uncertified;
  return facts;
}

}  // namespace

void bind_tally(py::module_& module) {
  py::class_<Tally>(module, "Tally", py::is_final())
      .def(py::init(&make_tally), py::arg("n_players"), py::arg("width"),
           py::arg("weights") = py::none(), py::arg("votes") = py::none())
      .def_property_readonly("gains",
                             [](const Tally& tally) {
                               return to_array(tally.gains(), {tally.n_players(), tally.width()});
                             })
      .def_property_readonly("moments", &moments)
      .def_property_readonly("votes", &votes)
      .def_property_readonly("ties", [](const Tally& tally) { return tally.open().ties; })
      .def_property_readonly("uncertified",
                             [](const Tally& tally) { return tally.open().uncertified; })
      .def_property_readonly("statistics", &statistics)
      .def_property_readonly("ranges", &ranges);
}

}  // namespace shapcpp::bindings
