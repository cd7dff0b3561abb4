#include "core/game/model.hpp"

#include <stdexcept>
#include <string>

#include "core/game/learned_game.hpp"
#include "core/game/wide_game.hpp"
#include "core/judges/margin_watch.hpp"
#include "core/judges/pair_watch.hpp"
#include "core/judges/stepped_watch.hpp"
#include "core/judges/training_predictions.hpp"
#include "core/learners/bayes/naive_bayes.hpp"
#include "core/learners/centroid/nearest_centroid.hpp"
#include "core/learners/discriminant/discriminant_analysis.hpp"
#include "core/learners/logistic/binary_logistic.hpp"
#include "core/learners/logistic/dense_path.hpp"
#include "core/learners/logistic/one_against_rest.hpp"
#include "core/learners/multinomial/multinomial.hpp"
#include "core/learners/refitted.hpp"
#include "core/learners/ridge/ridge_classifier.hpp"

namespace shapcpp {
namespace {

template <class L, class J>
std::unique_ptr<GameFactory> factory(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<L, J, TrainingPredictions>>>(problem);
}

template <class L, class J>
std::unique_ptr<GameFactory> dense_factory(const Problem& problem) {
  return std::make_unique<LearnedGameFactory<LearnedGame<L, J, TrainingScan>>>(problem);
}

// With many features the paths of few members share products of samples.
template <class WideGame, class L, class J>
std::unique_ptr<GameFactory> logistic_factory(const Problem& problem) {
  if (most_dual_members(problem.columns()) > 0 && Gram::fits_single(problem))
    return std::make_unique<WideGameFactory<WideGame>>(problem, Gram::fits(problem));
  return factory<L, J>(problem);
}

bool is_wide(Model model, const RunShape& shape) {
  return (model == Model::kLogistic || model == Model::kOneAgainstRest) &&
         most_dual_members(shape.n_features + 1) > 0;
}

double bytes_of(Model model, const RunShape& shape) {
  switch (model) {
    case Model::kLogistic:
      return is_wide(model, shape) ? WideLogistic::bytes(shape) + GramWatch::bytes(shape)
                                   : BinaryLogistic::bytes(shape) + MarginWatch::bytes(shape);
    case Model::kOneAgainstRest:
      return is_wide(model, shape) ? WideOneAgainstRest::bytes(shape) + GramPairs::bytes(shape)
                                   : OneAgainstRest::bytes(shape) + PairWatch::bytes(shape);
    case Model::kMultinomial: return Multinomial::bytes(shape) + PairWatch::bytes(shape);
    case Model::kRidge: return RidgeClassifier::bytes(shape) + SteppedWatch::bytes(shape);
    case Model::kCentroid: return NearestCentroid::bytes(shape) + PairWatch::bytes(shape);
    case Model::kDiscriminant: return DiscriminantAnalysis::bytes(shape) + PairWatch::bytes(shape);
    case Model::kBayes: return NaiveBayes::bytes(shape) + PairWatch::bytes(shape);
  }
  return 0;
}

void check(Model model, const Problem& problem) {
  if ((model == Model::kBayes) != problem.has_squares())
    throw std::invalid_argument("squares of the features are for naive Bayes, and only for it");
  if (model == Model::kLogistic && problem.n_classes() != 2)
    throw std::invalid_argument("a logistic regression tells two classes apart, not " +
                                std::to_string(problem.n_classes()));
}

}  // namespace

std::unique_ptr<GameFactory> game_of(Model model, const Problem& problem) {
  check(model, problem);
  switch (model) {
    case Model::kLogistic: return logistic_factory<WideGame, BinaryLogistic, MarginWatch>(problem);
    case Model::kOneAgainstRest:
      return logistic_factory<WideClassGame, OneAgainstRest, PairWatch>(problem);
    case Model::kMultinomial: return factory<Multinomial, PairWatch>(problem);
    case Model::kRidge: return factory<RidgeClassifier, SteppedWatch>(problem);
    case Model::kCentroid: return factory<NearestCentroid, PairWatch>(problem);
    case Model::kDiscriminant: return factory<DiscriminantAnalysis, PairWatch>(problem);
    case Model::kBayes: return factory<NaiveBayes, PairWatch>(problem);
  }
  throw std::invalid_argument("there is no such model");
}

std::unique_ptr<GameFactory> dense_game_of(Model model, const Problem& problem) {
  check(model, problem);
  switch (model) {
    case Model::kLogistic: return dense_factory<DensePath, MarginScan>(problem);
    case Model::kOneAgainstRest: return dense_factory<Refitted<OneAgainstRest>, PairScan>(problem);
    case Model::kMultinomial: return dense_factory<Refitted<Multinomial>, PairScan>(problem);
    case Model::kRidge: return dense_factory<Refitted<RidgeClassifier>, PairScan>(problem);
    case Model::kCentroid: return dense_factory<NearestCentroid, PairScan>(problem);
    case Model::kDiscriminant: return dense_factory<DiscriminantAnalysis, PairScan>(problem);
    case Model::kBayes: return dense_factory<NaiveBayes, PairScan>(problem);
  }
  throw std::invalid_argument("there is no such model");
}

double shared_bytes(Model model, const RunShape& shape) {
  return is_wide(model, shape) ? Gram::bytes(shape) : 0;
}

double game_bytes(Model model, const RunShape& shape) {
  const double votes = shape.n_ballots > 0 ? TrainingPredictions::bytes(shape) : 0;
  return bytes_of(model, shape) + votes;
}

}  // namespace shapcpp
