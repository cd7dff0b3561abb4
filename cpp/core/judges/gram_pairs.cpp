#include "core/judges/gram_pairs.hpp"

#include <algorithm>
#include <cmath>

namespace shapcpp {
namespace {

// With more open samples than this all are looked at again.
constexpr std::size_t kMany = 64;

bool is_beyond(double lead, double error) {
  return std::isfinite(lead) && std::abs(lead) > error;
}

}  // namespace

GramPairs::GramPairs(const Problem& problem, const Context& context)
    : test_(problem.test()),
      statistics_(context.statistics),
      kernels_(context.kernels),
      n_classes_(problem.n_classes()),
      columns_(problem.columns()),
      watch_(problem, context),
      bounds_(n_classes_),
      margins_(n_classes_),
      sample_(padded_columns(columns_)),
      open_pairs_(n_classes_),
      correct_(n_classes_) {}

double GramPairs::bytes(const RunShape& shape) {
  return PairWatch::bytes(shape) + kNumberBytes * shape.tests() * (shape.classes() + 1);
}

void GramPairs::begin() {
  watch_.begin();
  by_products_ = looked_ = false;
  open_.clear();
}

const OpenPairs& GramPairs::open_pairs() const {
  return by_products_ ? open_pairs_ : watch_.open_pairs();
}

bool GramPairs::decide(const WideClassScores& scores) {
  by_products_ = scores.dual != nullptr;
  if (!by_products_) return watch_.decide(scores.weights);
  open_pairs_.clear();
  if (!take_bounds(*scores.dual)) return false;
  if (!looked_ || open_.size() > kMany)
    look(*scores.dual);
  else
    look_again(*scores.dual);
  look_closely(*scores.dual);
  return open_.empty();
}

template <class Error>
GramPairs::State GramPairs::evaluate(std::size_t k, const Error& error) const {
  bool leads_all = true;
  for (const std::size_t b : classes_) {
    if (b == k) continue;
    const double lead = margins_[k] - margins_[b];
    const bool decided = is_beyond(lead, error({k, b}));
    if (decided && lead < 0) return State::kWrong;
    leads_all = leads_all && decided;
  }
  return leads_all ? State::kCorrect : State::kOpen;
}

// Notes the pairs that leave a sample of class k open.
template <class Error>
void GramPairs::note(std::size_t k, const Error& error) {
  for (const std::size_t b : classes_)
    if (b != k && !is_beyond(margins_[k] - margins_[b], error({k, b}))) open_pairs_.add({k, b});
}

// False if nothing is known of some classes, which are noted.
bool GramPairs::take_bounds(const DualDifferences& scores) {
  bool knows_all = true;
  classes_.clear();
  for (std::size_t k = 0; k < n_classes_; ++k) {
    if (!scores.has(k)) continue;
    classes_.push_back(k);
    const DualScores& own = scores.of(k);
    bounds_[k] = {own.error_per_length(), own.error_per_norm(), own.error(),
                  own.single_per_length()};
    if (scores.knows(k)) continue;
    open_pairs_.add(k);
    knows_all = false;
  }
  return knows_all;
}

void GramPairs::look(const DualDifferences& scores) {
  const Gram& gram = scores.members().gram();
  looked_ = true;
  open_.clear();
  open_pairs_.clear();
  std::fill(correct_.begin(), correct_.end(), 0);
  all_margins_.resize(n_classes_ * gram.width());
  best_.resize(gram.width());
  factors_.clear();
  widest_ = {};
  for (std::size_t place = 0; place < classes_.size(); ++place) {
    const DualScores& own = scores.of(classes_[place]);
    factors_.push_back(own.coefficients().data());
    std::fill_n(all_margins_.data() + place * gram.width(), gram.width(), own.intercept());
    const Bound& bound = bounds_[classes_[place]];
    widest_.per_length = std::max(widest_.per_length, 2 * bound.per_length);
    widest_.per_norm = std::max(widest_.per_norm, 2 * bound.per_norm);
    widest_.constant = std::max(widest_.constant, 2 * bound.constant);
  }
  kernels_.add_class_rows(scores.members().rows().data(), factors_.data(), classes_.size(),
                          scores.members().size(), gram.width(), all_margins_.data());
  for (const std::size_t k : classes_) look_at_class(k, gram);
}

// Most samples are decided by a bound for all pairs.
void GramPairs::look_at_class(std::size_t k, const Gram& gram) {
  const std::size_t size = test_.samples(k).size();
  const auto margins_of = [&](std::size_t place) {
    return all_margins_.data() + place * gram.width() + gram.first(k);
  };
  const double* own = nullptr;
  bool is_first = true;
  for (std::size_t place = 0; place < classes_.size(); ++place) {
    const double* margins = margins_of(place);
    if (classes_[place] == k) {
      own = margins;
    } else if (is_first) {
      std::copy_n(margins, size, best_.begin());
      is_first = false;
    } else {
      for (std::size_t row = 0; row < size; ++row)
        best_[row] = best_[row] < margins[row] ? margins[row] : best_[row];
    }
  }
  statistics_.test_evaluations += static_cast<std::int64_t>(size * classes_.size());
  const double* lengths = gram.test_lengths().data() + gram.first(k);
  const double* norms = test_.norms(k).data();
  std::int64_t correct = 0;
  for (std::size_t row = 0; row < size; ++row) {
    const double lead = own[row] - best_[row];
    const double bound =
        (widest_.per_length * lengths[row] + widest_.per_norm * norms[row] + widest_.constant) *
        (1 + 1e-9);
    const bool is_certain = is_beyond(lead, bound);
    correct += is_certain && lead > 0 ? 1 : 0;
    if (is_certain) continue;
    for (std::size_t place = 0; place < classes_.size(); ++place)
      margins_[classes_[place]] = margins_of(place)[row];
    TestSample sample{k, row};
    if (!is_decided(sample, gram)) open_.push_back(sample);
  }
  correct_[k] += correct;
}

// At the open samples alone.
void GramPairs::look_again(const DualDifferences& scores) {
  const DualMembers& members = scores.members();
  std::erase_if(open_, [&](TestSample& sample) {
    const std::size_t place = members.gram().first(sample.k) + sample.row;
    products_.assign(padded_rows(members.size()), 0.0);
    for (std::size_t l = 0; l < members.size(); ++l) products_[l] = members.rows()[l][place];
    take_margins(scores);
    return is_decided(sample, members.gram());
  });
}

// By the bounds of its own pairs, at its margins as they are.
bool GramPairs::is_decided(TestSample& sample, const Gram& gram) {
  const double length = gram.test_lengths()[gram.first(sample.k) + sample.row];
  const double norm = test_.norms(sample.k)[sample.row];
  const auto error = [&](double single) {
    return [this, single, length, norm](const Pair& pair) {
      const Bound& a = bounds_[pair.leader];
      const Bound& b = bounds_[pair.rival];
      return ((a.per_length + b.per_length - single * (a.single + b.single)) * length +
              (a.per_norm + b.per_norm) * norm + a.constant + b.constant) *
             (1 + 1e-9);
    };
  };
  const State state = evaluate(sample.k, error(0));
  if (state == State::kCorrect) ++correct_[sample.k];
  if (state != State::kOpen) return true;
  // Only if rounding to single precision is what leaves it open is it worth computing again.
  sample.closely = evaluate(sample.k, error(2)) != State::kOpen;
  if (!sample.closely) note(sample.k, error(0));
  return false;
}

// In double precision: for some samples from products with the members, for more from weights.
void GramPairs::look_closely(const DualDifferences& scores) {
  const auto count = static_cast<std::size_t>(
      std::count_if(open_.begin(), open_.end(), [](const TestSample& s) { return s.closely; }));
  if (count == 0) return;
  const bool by_weights = count > classes_.size();
  const DualMembers& members = scores.members();
  products_.assign(padded_rows(members.size()), 0.0);
  std::erase_if(open_, [&](const TestSample& sample) {
    if (!sample.closely) return false;
    for (std::size_t j = 0; j < columns_; ++j)
      sample_[j] = test_.samples(sample.k).value(sample.row, j);
    if (by_weights) {
      for (const std::size_t b : classes_) margins_[b] = scores.of(b).margin(sample_);
    } else {
      members.gram().multiply(std::span(sample_).first(columns_), members.samples(),
                              products_.data());
      take_margins(scores);
    }
    const double norm = test_.norms(sample.k)[sample.row];
    const auto error = [&](const Pair& pair) { return scores.error(pair, sample_, norm); };
    const State state = evaluate(sample.k, error);
    if (state == State::kCorrect) ++correct_[sample.k];
    if (state == State::kOpen) note(sample.k, error);
    return state != State::kOpen;
  });
}

// From the products of one sample with the members.
void GramPairs::take_margins(const DualDifferences& scores) {
  for (const std::size_t b : classes_)
    margins_[b] =
        scores.of(b).intercept() +
        kernels_.dot(products_.data(), scores.of(b).coefficients().data(), products_.size());
}

void GramPairs::decide_what_can_be(const FittedScores& fitted) {
  by_products_ = false;
  watch_.decide_what_can_be(fitted);
}

OpenSigns GramPairs::write(std::span<std::int64_t> correct) const {
  if (!by_products_) return watch_.write(correct);
  std::copy(correct_.begin(), correct_.end(), correct.begin());
  return {};
}

}  // namespace shapcpp
