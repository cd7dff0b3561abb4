// The game of any model that Python fits: one call of Python for each coalition.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/python.hpp"
#include "core/data/conventions.hpp"
#include "core/data/players.hpp"
#include "core/game/game.hpp"

namespace shapcpp::bindings {
namespace {

// The parts that all games of a run share.
struct ModelProblem {
  Players players;
  std::vector<std::size_t> classes;  // of the samples
  Conventions conventions;
  std::size_t n_classes;
  // Takes the rows of the members, sorted, and returns the correct predictions of each class.
  // Touched only while holding the GIL.
  py::function count;
  // Takes the rows of the members and the rows outside, and returns the class predicted for each of
  // the latter, if any.
  py::function predict;
};

class ModelGame final : public Game {
 public:
  // `problem` must outlive the game.
  ModelGame(const ModelProblem& problem, const Context& context)
      : problem_(problem), context_(context), class_sizes_(problem.n_classes) {}

  std::size_t n_players() const override { return problem_.players.size(); }
  std::size_t width() const override { return problem_.n_classes; }

  void clear() override {
    rows_.clear();
    class_sizes_.assign(class_sizes_.size(), 0);
  }

  void join(std::int64_t player) override {
    ++context_.statistics.joins;
    for (const std::size_t i : problem_.players.samples(static_cast<std::size_t>(player))) {
      const auto row = static_cast<std::int64_t>(i);
      rows_.insert(std::upper_bound(rows_.begin(), rows_.end(), row), row);
      ++class_sizes_[problem_.classes[i]];
    }
  }

  [[nodiscard]] OpenSigns score(std::span<std::int64_t> values) override {
    context_.checkpoint();
    if (problem_.conventions.score_without_model(class_sizes_, values)) return {};
    ++context_.statistics.coalitions;
    ++context_.statistics.fits;
    const Passage passage;
    const py::gil_scoped_acquire acquire;
    const auto counts = problem_.count(to_array(rows_, {rows_.size()})).cast<IntArray>();
    if (static_cast<std::size_t>(counts.size()) != values.size())
      throw std::invalid_argument("a model is scored by one count per class");
    std::copy_n(counts.data(), values.size(), values.begin());
    return {};
  }

  void vote(std::span<Prediction> ballot) override {
    const auto constant = problem_.conventions.predict_without_model(class_sizes_);
    std::fill(ballot.begin(), ballot.end(), constant.value_or(0));
    for (const std::int64_t row : rows_) ballot[static_cast<std::size_t>(row)] = kNoPrediction;
    if (constant) return;
    context_.checkpoint();
    std::vector<std::int64_t> outside;
    for (std::size_t i = 0; i < ballot.size(); ++i)
      if (ballot[i] != kNoPrediction) outside.push_back(static_cast<std::int64_t>(i));
    const Passage passage;
    const py::gil_scoped_acquire acquire;
    const auto classes =
        problem_.predict(to_array(rows_, {rows_.size()}), to_array(outside, {outside.size()}))
            .cast<IntArray>();
    if (static_cast<std::size_t>(classes.size()) != outside.size())
      throw std::invalid_argument("a model predicts one class per sample");
    for (std::size_t i = 0; i < outside.size(); ++i) {
      const std::int64_t k = classes.data()[i];
      const bool known = k >= 0 && static_cast<std::size_t>(k) < problem_.n_classes;
      ballot[static_cast<std::size_t>(outside[i])] =
          known ? static_cast<Prediction>(k) : kNoPrediction;
    }
  }

 private:
  const ModelProblem& problem_;
  const Context context_;
  std::vector<std::int64_t> rows_;
  std::vector<std::size_t> class_sizes_;
};

class ModelGameFactory final : public GameFactory {
 public:
  explicit ModelGameFactory(ModelProblem problem) : problem_(std::move(problem)) {}

  std::size_t n_players() const override { return problem_.players.size(); }
  std::size_t width() const override { return problem_.n_classes; }
  std::unique_ptr<Game> make(const Context& context) const override {
    return std::make_unique<ModelGame>(problem_, context);
  }
  Predicted predicted() const override { return {problem_.classes.size(), problem_.n_classes}; }
  std::vector<std::size_t> player_classes() const override {
    if (problem_.players.size() != problem_.classes.size()) return {};
    std::vector<std::size_t> classes(problem_.players.size());
    for (std::size_t player = 0; player < classes.size(); ++player)
      classes[player] = problem_.classes[problem_.players.samples(player).front()];
    return classes;
  }

 private:
  ModelProblem problem_;
};

std::unique_ptr<GameFactory> model_game(py::function count, py::function predict,
                                        const IntArray& classes, const IntArray& players,
                                        const IntArray& empty_counts, const IntArray& test_counts,
                                        const std::string& single_class) {
  ModelProblem problem{
      Players(view(players)),
      {},
      Conventions(view(empty_counts), view(test_counts), single_class_rule(single_class)),
      static_cast<std::size_t>(test_counts.size()),
      std::move(count),
      std::move(predict)};
  if (classes.size() != players.size())
    throw std::invalid_argument("one class per sample is needed");
  for (const std::int64_t k : view(classes)) {
    if (k < 0 || static_cast<std::size_t>(k) >= problem.n_classes)
      throw std::invalid_argument("a class is out of range");
    problem.classes.push_back(static_cast<std::size_t>(k));
  }
  return std::make_unique<ModelGameFactory>(std::move(problem));
}

}  // namespace

void bind_model_game(py::module_& module) {
  module.def("model_game", &model_game, py::kw_only(), py::arg("count"), py::arg("predict"),
             py::arg("classes").noconvert(), py::arg("players").noconvert(),
             py::arg("empty_counts").noconvert(), py::arg("test_counts").noconvert(),
             py::arg("single_class"));
}

}  // namespace shapcpp::bindings
