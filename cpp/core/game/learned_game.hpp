// The game of data valuation: the score of a coalition of samples is that of the model it trains.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/data/problem.hpp"
#include "core/game/game.hpp"
#include "core/judges/judge.hpp"
#include "core/learners/learner.hpp"

namespace shapcpp {

// The predictor of games whose coalitions do not vote.
struct NoPredictor {};

// A learner, a judge, a predictor, and the conventions for coalitions that train no model.
template <Learner L, Judge<typename L::Scores, typename L::Fitted> J, class P = NoPredictor>
  requires std::same_as<P, NoPredictor> || Predictor<P, typename L::Scores, typename L::Fitted>
class LearnedGame final : public Game {
 public:
  static constexpr bool kVotes = !std::same_as<P, NoPredictor>;

  // All must outlive the game; `shared` is what learners of several games share.
  template <class... Shared>
  LearnedGame(const Problem& problem, const Context& context, const Shared&... shared)
      : problem_(problem),
        context_(context),
        learner_(problem, context, shared...),
        judge_(problem, context),
        class_sizes_(problem.n_classes()) {
    learner_.clear();
    judge_.clear();
  }

  std::size_t n_players() const override { return problem_.players().size(); }
  std::size_t width() const override { return problem_.n_classes(); }

  void clear() override {
    learner_.clear();
    judge_.clear();
    class_sizes_.assign(class_sizes_.size(), 0);
    joined_.clear();
  }

  void expect(std::int64_t player) const override {
    problem_.training().prefetch(problem_.players().prefetch(static_cast<std::size_t>(player)));
  }

  void join(std::int64_t player) override {
    ++context_.statistics.joins;
    joined_.push_back(player);
    for (const std::size_t i : problem_.players().samples(static_cast<std::size_t>(player))) {
      context_.checkpoint();
      learner_.join(i);
      ++class_sizes_[problem_.training().class_of(i)];
    }
  }

  [[nodiscard]] OpenSigns score(std::span<std::int64_t> values) override {
    if (problem_.conventions().score_without_model(class_sizes_, values)) return {};
    ++context_.statistics.coalitions;
    judge_.begin();
    if (!decide_by_estimates()) judge_.decide_what_can_be(learner_.fit(judge_.open_pairs()));
    return judge_.write(values);
  }

  void vote(std::span<Prediction> ballot) override {
    if constexpr (kVotes) {
      if (!predictor_) predictor_.emplace(problem_, context_);
      const auto constant = problem_.conventions().predict_without_model(class_sizes_);
      std::fill(ballot.begin(), ballot.end(), constant.value_or(0));
      for (const std::int64_t player : joined_)
        for (const std::size_t i : problem_.players().samples(static_cast<std::size_t>(player)))
          ballot[i] = kNoPrediction;
      if (!constant) predict(ballot);
    }
  }

 private:
  // Whether an estimate decided everything, so that no fit is needed.
  bool decide_by_estimates() {
    if constexpr (EstimatingLearner<L>) {
      if (!learner_.may_estimate()) return false;
      const std::int64_t passes = context_.statistics.passes;
      bool refined = false;
      do {
        if (judge_.decide(learner_.estimate())) {
          if (!refined && context_.statistics.passes == passes) ++context_.statistics.without_pass;
          learner_.settle(true);
          return true;
        }
        refined = true;
      } while (learner_.refine(judge_.open_pairs()));
      learner_.settle(false);
    }
    return false;
  }

  // Works as for a score, but the learner is not told the outcome: its effort on scores must depend
  // only on the needs of scores.
  void predict(std::span<Prediction> ballot) {
    predictor_->begin(ballot);
    if constexpr (EstimatingLearner<L>) {
      if (learner_.may_estimate()) {
        do {
          if (predictor_->decide(learner_.estimate())) return;
        } while (learner_.refine(predictor_->open_pairs()));
      }
    }
    const OpenSigns left = predictor_->decide_what_can_be(learner_.fit(predictor_->open_pairs()));
    context_.statistics.vote_ties += left.ties;
    context_.statistics.vote_uncertified += left.uncertified;
  }

  const Problem& problem_;
  const Context context_;
  L learner_;
  J judge_;
  std::optional<P> predictor_;  // once there is a vote
  std::vector<std::size_t> class_sizes_;
  std::vector<std::int64_t> joined_;
};

// What is known of such games before one is made. `problem` must outlive the factory and the games.
template <class Game>
class LearnedGames : public GameFactory {
 public:
  explicit LearnedGames(const Problem& problem) : problem_(problem) {}
  std::size_t n_players() const override { return problem_.players().size(); }
  std::size_t width() const override { return problem_.n_classes(); }
  Predicted predicted() const override {
    if constexpr (Game::kVotes) return {problem_.training().size(), problem_.n_classes()};
    return {};
  }
  std::vector<std::size_t> player_classes() const override {
    if (problem_.players().size() != problem_.training().size()) return {};
    std::vector<std::size_t> classes(problem_.players().size());
    for (std::size_t player = 0; player < classes.size(); ++player)
      classes[player] = problem_.training().class_of(problem_.players().samples(player).front());
    return classes;
  }

 protected:
  const Problem& problem() const { return problem_; }

 private:
  const Problem& problem_;
};

template <class Game>
class LearnedGameFactory final : public LearnedGames<Game> {
 public:
  using LearnedGames<Game>::LearnedGames;
  std::unique_ptr<shapcpp::Game> make(const Context& context) const override {
    return std::make_unique<Game>(this->problem(), context);
  }
};

}  // namespace shapcpp
