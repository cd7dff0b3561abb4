#include "margin_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shapcpp {

using kernels::kTileRows;

namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
// Long-lived references need large near sets; the limit is steered to this many counts.
constexpr int kShortLife = 8;
constexpr int kLongLife = 24;
constexpr double kSteering = 1.3;
// More margins than this within the cheap bound of one tile are not worth the exact norms.
constexpr std::size_t kWorthExactNorms = 12;

}  // namespace

MarginWatch::MarginWatch(const Problem& problem, Statistics& statistics)
    : problem_(problem),
      statistics_(statistics),
      kernels_(kernels::kernels()),
      margins_(kTileRows),
      sample_(static_cast<Eigen::Index>(problem.columns())) {
  for (std::size_t k = 0; k < problem.n_classes(); ++k) {
    const std::size_t size = problem.test_samples(k).size();
    near_.push_back({SampleTiles(problem.columns(), size), AlignedVector(tiled_rows(size)), 0});
  }
}

void MarginWatch::clear() {
  reference_.resize(0);
  limit_ = kFirstLimit;
  age_ = kShortLife;
}

std::int64_t MarginWatch::count(const Optimum& optimum, std::span<std::int64_t> correct) {
  if (!far_is_safe(optimum)) take_reference(optimum);
  ++age_;
  std::size_t undecided = 0;
  for (std::size_t k = 0; k < near_.size(); ++k) {
    Signs signs = examine(optimum, near_[k].samples, near_[k].norms.data(), SIZE_MAX);
    signs.positive += near_[k].far_positive;
    correct[k] = k == 1 ? static_cast<std::int64_t>(signs.positive)
                        : problem_.test_counts()[k] - static_cast<std::int64_t>(signs.positive);
    undecided += signs.undecided;
  }
  return static_cast<std::int64_t>(undecided);
}

bool MarginWatch::count_certain(const Optimum& optimum, std::span<std::int64_t> correct) {
  // A ball this wide leaves signs open or makes the near set large: not worth looking.
  if (reach(optimum) > 0.5 * limit_ * optimum.weights.norm()) return false;
  if (!far_is_safe(optimum)) take_reference(optimum);
  ++age_;
  for (std::size_t k = 0; k < near_.size(); ++k) {
    Signs signs = examine(optimum, near_[k].samples, near_[k].norms.data(), 0);
    if (signs.undecided > 0) return false;
    signs.positive += near_[k].far_positive;
    correct[k] = k == 1 ? static_cast<std::int64_t>(signs.positive)
                        : problem_.test_counts()[k] - static_cast<std::int64_t>(signs.positive);
  }
  return true;
}

std::int64_t MarginWatch::count_all(const Optimum& optimum, std::span<std::int64_t> correct) {
  std::size_t undecided = 0;
  for (std::size_t k = 0; k < problem_.n_classes(); ++k) {
    const Signs signs =
        examine(optimum, problem_.test_samples(k), problem_.test_norms(k).data(), SIZE_MAX);
    correct[k] = k == 1 ? static_cast<std::int64_t>(signs.positive)
                        : problem_.test_counts()[k] - static_cast<std::int64_t>(signs.positive);
    undecided += signs.undecided;
  }
  return static_cast<std::int64_t>(undecided);
}

// |x.w - x.w*| / |x|, at most: |x|_{H^-1} radius <= |x| inverse_root radius, and the rounding of
// x.w itself.
double MarginWatch::reach(const Optimum& optimum) const {
  return optimum.radius * optimum.inverse_root + optimum.dot_rounding * optimum.weights.norm() +
         optimum.rotation;
}

// Whether no sample outside the near set can have changed its sign since the reference: the angle
// between it and the optimum is at most that between it and the weights plus that of the ball.
bool MarginWatch::far_is_safe(const Optimum& optimum) const {
  if (reference_.size() == 0) return false;
  const double length = optimum.weights.norm();
  const double along = optimum.weights.dot(reference_);
  const double ball = reach(optimum) / length;
  if (!(ball < 0.5) || along <= 0) return false;
  const double across = (optimum.weights - along * reference_).norm() / length;
  if (across > 0.5) return false;
  const double sine = across * std::sqrt(1 - ball * ball) + ball * along / length;
  return sine * (1 + 1e-9) + 4 * (optimum.dot_rounding + optimum.rotation / length) < limit_;
}

void MarginWatch::take_reference(const Optimum& optimum) {
  if (age_ < kShortLife) limit_ *= kSteering;
  if (age_ > kLongLife) limit_ /= kSteering;
  age_ = 0;
  ++statistics_.references;
  const double length = optimum.weights.norm();
  if (length > 0) limit_ = std::max(limit_, 2 * reach(optimum) / length);
  // The ratio is at most 1, and a little more by rounding: above, all samples are near.
  if (!(limit_ < 1) || !(length > 0)) limit_ = 2;
  reference_ = optimum.weights / (length > 0 ? length : 1);
  for (std::size_t k = 0; k < near_.size(); ++k) split(k);
}

// Sorts the test samples of class k into near and far.
void MarginWatch::split(std::size_t k) {
  NearSet& near = near_[k];
  const SampleTiles& samples = problem_.test_samples(k);
  near.samples.clear();
  near.far_positive = 0;
  statistics_.test_evaluations += static_cast<std::int64_t>(samples.size());
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    const std::size_t count = samples.rows_in(t);
    const double* norms = problem_.test_norms(k).data() + t * kTileRows;
    kernels_.margins(samples.tile(t), problem_.columns(), reference_.data(), padded_rows(count),
                     margins_.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (std::abs(margins_[i]) > limit_ * norms[i]) {
        near.far_positive += margins_[i] > 0 ? 1 : 0;
      } else {
        near.norms[near.samples.size()] = norms[i];
        near.samples.append_from(samples, t * kTileRows + i);
      }
    }
  }
  std::fill(near.norms.begin() + static_cast<std::ptrdiff_t>(near.samples.size()),
            near.norms.begin() + static_cast<std::ptrdiff_t>(padded_rows(near.samples.size())),
            kNotANumber);
}

// The signs of samples, first by the bound on their norms, then by the exact norms of those that
// fail it; stops once more than `most_undecided` are open.
MarginWatch::Signs MarginWatch::examine(const Optimum& optimum, const SampleTiles& samples,
                                        const double* norms, std::size_t most_undecided) {
  const double bound = reach(optimum);
  Signs signs;
  for (std::size_t t = 0; t < samples.tile_count(); ++t) {
    const std::size_t first = t * kTileRows;
    const std::size_t rows = padded_rows(samples.rows_in(t));
    statistics_.test_evaluations += static_cast<std::int64_t>(samples.rows_in(t));
    kernels_.margins(samples.tile(t), problem_.columns(), optimum.weights.data(), rows,
                     margins_.data());
    std::size_t above = 0;
    std::size_t within = 0;
    kernels_.classify(margins_.data(), norms + first, bound, rows, &above, &within);
    signs.positive += above;
    if (within > kWorthExactNorms && most_undecided == 0) {
      signs.undecided = within;
      return signs;
    }
    for (std::size_t i = 0; within > 0 && i < rows; ++i) {
      if (!(std::abs(margins_[i]) <= norms[first + i] * bound)) continue;
      --within;
      if (is_decided(optimum, samples, first + i, margins_[i], norms[first + i]))
        signs.positive += margins_[i] > 0 ? 1 : 0;
      else if (++signs.undecided > most_undecided)
        return signs;
    }
  }
  return signs;
}

bool MarginWatch::is_decided(const Optimum& optimum, const SampleTiles& samples, std::size_t row,
                             double margin, double norm) {
  for (Eigen::Index j = 0; j < sample_.size(); ++j)
    sample_[j] = samples.value(row, static_cast<std::size_t>(j));
  return std::abs(margin) >
         optimum.norm(sample_) * optimum.radius +
             optimum.dot_rounding * sample_.cwiseProduct(optimum.weights).lpNorm<1>() +
             optimum.rotation * norm;
}

}  // namespace shapcpp
