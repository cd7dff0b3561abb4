// A new learner and a new judge, and the calls that the game makes to them.
#include "core/game/learned_game.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/game/model.hpp"
#include "tests/check.hpp"
#include "tests/games.hpp"

namespace shapcpp::tests {
namespace {

const Checkpoint kGoOn = [] {};

// Two classes on a line, below and above zero, and two test samples of each.
struct Line {
  std::vector<double> x{-3, -1, 1, 3, -2, 2};
  std::vector<std::int64_t> y{0, 0, 1, 1, 0, 1};
  std::vector<double> x_test{-4, -2.5, 2.5, 4};
  std::vector<std::int64_t> y_test{0, 0, 1, 1};
  std::vector<double> class_weights{1, 1};
  Integers players{0, 1, 2, 3, 4, 5};
  Integers empty{2, 0};

  Problem problem(SingleClass rule = SingleClass::kConstant) const {
    return {1,
            2,
            {x, y},
            {x_test, y_test},
            {.C = 1.0,
             .class_weights = class_weights,
             .player_of_sample = players,
             .empty_counts = empty,
             .single_class = rule},
            kGoOn};
  }
};

// The nearest centroid on the first column, which is exact, so that it needs only `fit`.
class Centroids {
 public:
  struct Scores {
    double middle = 0;
    double direction = 0;
  };
  using Fitted = Scores;
  Centroids(const Problem& problem, const Context&) : problem_(problem) {}
  void clear() { sums_[0] = sums_[1] = sizes_[0] = sizes_[1] = 0; }
  void join(std::size_t sample) {
    const std::size_t k = problem_.training().class_of(sample);
    sums_[k] += problem_.training().sample(sample)[0];
    ++sizes_[k];
  }
  const Scores& fit(const OpenPairs&) {
    const double a = sums_[0] / sizes_[0];
    const double b = sums_[1] / sizes_[1];
    scores_ = {(a + b) / 2, b - a};
    return scores_;
  }

 private:
  const Problem& problem_;
  double sums_[2]{};
  double sizes_[2]{};
  Scores scores_;
};

class SideJudge {
 public:
  SideJudge(const Problem& problem, const Context&) : problem_(problem) {}
  void clear() {}
  void begin() {}
  bool decide(const Centroids::Scores&) { return false; }
  const OpenPairs& open_pairs() const { return pairs_; }
  void decide_what_can_be(const Centroids::Scores& scores) { scores_ = scores; }
  OpenSigns write(std::span<std::int64_t> correct) {
    OpenSigns open;
    for (std::size_t k = 0; k < 2; ++k) {
      correct[k] = 0;
      const SampleTiles& samples = problem_.test().samples(k);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        const double side = (samples.value(i, 0) - scores_.middle) * scores_.direction;
        open.uncertified += side == 0 ? 1 : 0;
        correct[k] += (side > 0) == (k == 1) ? 1 : 0;
      }
    }
    return open;
  }

 private:
  const Problem& problem_;
  const OpenPairs pairs_{2};
  Centroids::Scores scores_;
};

static_assert(Learner<Centroids> && !EstimatingLearner<Centroids>);

Integers score(Game& game, const Integers& members) {
  Integers values(game.width());
  game.clear();
  for (const std::int64_t member : members) game.join(member);
  static_cast<void>(game.score(values));
  return values;
}

TEST("a learner that only fits and a judge of its own make a game") {
  const Problem problem = Line().problem();
  Statistics statistics;
  LearnedGame<Centroids, SideJudge> game(problem, {kGoOn, statistics});
  CHECK((score(game, {0, 3}) == Integers{2, 2}));
  CHECK((score(game, {1, 3}) == Integers{2, 2}));
  CHECK(statistics.coalitions == 2 && statistics.joins == 4);
}

TEST("coalitions of no class or one follow the conventions and train nothing") {
  const Line line;
  for (const SingleClass rule : {SingleClass::kConstant, SingleClass::kCarry}) {
    const Problem problem = line.problem(rule);
    Statistics statistics;
    LearnedGame<Centroids, SideJudge> game(problem, {kGoOn, statistics});
    CHECK(score(game, {}) == line.empty);
    CHECK((score(game, {2, 3}) == (rule == SingleClass::kCarry ? line.empty : Integers{0, 2})));
    CHECK((score(game, {0}) == (rule == SingleClass::kCarry ? line.empty : Integers{2, 0})));
    CHECK(statistics.coalitions == 0);
  }
}

TEST("logistic games, certified and dense, score every coalition alike") {
  const Problem problem = Line().problem();
  Statistics statistics;
  const auto certified = game_of(Model::kLogistic, problem)->make({kGoOn, statistics});
  const auto dense = dense_game_of(Model::kLogistic, problem)->make({kGoOn, statistics});
  for (int set = 0; set < 64; ++set) {
    Integers members;
    for (int i = 0; i < 6; ++i)
      if ((set >> i) % 2 == 1) members.push_back(i);
    CHECK(score(*certified, members) == score(*dense, members));
  }
}

// A learner and a judge that record the calls they receive.
std::string asked;

struct Diary {
  using Scores = int;
  using Fitted = int;
  Diary(const Problem&, const Context&) {}
  void clear() {}
  void join(std::size_t) {}
  bool may_estimate() { return allowed; }
  const int& estimate() {
    asked += 'e';
    return tightness;
  }
  bool refine(const OpenPairs&) {
    asked += 'r';
    return ++tightness < 3;
  }
  void settle(bool decided) { asked += decided ? '+' : '-'; }
  const int& fit(const OpenPairs&) {
    asked += 'f';
    return tightness;
  }
  static inline bool allowed = true;
  int tightness = 0;
};

struct DiaryJudge {
  DiaryJudge(const Problem&, const Context&) {}
  void clear() {}
  void begin() { asked += 'b'; }
  bool decide(const int& tightness) { return tightness >= needed; }
  const OpenPairs& open_pairs() const { return pairs; }
  void decide_what_can_be(const int&) { asked += 'd'; }
  OpenSigns write(std::span<std::int64_t>) { return {}; }
  static inline int needed = 0;
  OpenPairs pairs{2};
};

static_assert(EstimatingLearner<Diary>);

TEST("estimates are refined until one decides, else a fit follows") {
  const Problem problem = Line().problem();
  const auto play = [&](int needed, bool allowed) {
    DiaryJudge::needed = needed;
    Diary::allowed = allowed;
    asked.clear();
    Statistics statistics;
    LearnedGame<Diary, DiaryJudge> game(problem, {kGoOn, statistics});
    score(game, {0, 3});
    CHECK(statistics.without_pass == (needed == 0 && allowed ? 1 : 0));
    return asked;
  };
  CHECK(play(0, true) == "be+");
  CHECK(play(2, true) == "berere+");
  CHECK(play(9, true) == "bererer-fd");
  CHECK(play(0, false) == "bfd");
}

}  // namespace
}  // namespace shapcpp::tests
