// Passes over samples of several classes, in double precision. Numbers of class k and row i stand
// at k * kTileRows + i.
#include "kernels/exponential.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

inline Vec larger(Vec a, Vec b) {
  return select(a > b, a, b);
}

void softmax(double* values, size_t classes, size_t rows) {
  for (size_t row = 0; row < rows; row += kLanes) {
    double* place = values + row;
    Vec most = load(place);
    for (size_t k = 1; k < classes; ++k) most = larger(load(place + k * kTileRows), most);
    Vec sum{};
    for (size_t k = 0; k < classes; ++k) {
      const Vec odds = exp_nonpositive(load(place + k * kTileRows) - most);
      store(place + k * kTileRows, odds);
      sum += odds;
    }
    const Vec share = 1.0 / sum;
    for (size_t k = 0; k < classes; ++k)
      store(place + k * kTileRows, load(place + k * kTileRows) * share);
  }
}

void class_residuals(const double* probabilities, size_t classes, const double* own,
                     const double* sample_weights, size_t rows, double* residuals) {
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec right = load(own + row);
    const Vec weight = load(sample_weights + row);
    Vec others{};
    for (size_t k = 0; k < classes; ++k) {
      const Vec p = load(probabilities + k * kTileRows + row);
      others += select(right == static_cast<double>(k), Vec{}, p);
    }
    for (size_t k = 0; k < classes; ++k) {
      const Vec p = load(probabilities + k * kTileRows + row);
      store(residuals + k * kTileRows + row,
            weight * select(right == static_cast<double>(k), -others, p));
    }
  }
}

void add_ranges(const double* logits, const double* expanded, size_t classes,
                const double* variances, size_t rows, Shifts* shifts) {
  Vec widest{};
  Vec sum{};
  for (size_t row = 0; row < rows; row += kLanes) {
    Vec most = load(logits + row) - load(expanded + row);
    Vec least = most;
    for (size_t k = 1; k < classes; ++k) {
      const Vec shift = load(logits + k * kTileRows + row) - load(expanded + k * kTileRows + row);
      most = larger(shift, most);
      least = select(shift < least, shift, least);
    }
    const Vec range = most - least;
    widest = larger(range, widest);
    const Vec square = range * range;
    sum += load(variances + row) * square * square;
  }
  for (size_t lane = 0; lane < kLanes; ++lane)
    shifts->largest = widest[lane] > shifts->largest ? widest[lane] : shifts->largest;
  shifts->fourth += sum_of_lanes(sum);
}

void contrast_moments(const double* probabilities, size_t classes, const double* scales,
                      const double* sample_weights, size_t rows, double* means, double* rests,
                      double* squares) {
  for (size_t row = 0; row < rows; row += kLanes) {
    Vec after{};
    for (size_t j = classes - 1; j > 0; --j) {
      store(rests + (j - 1) * kTileRows + row, after);
      after += load(probabilities + j * kTileRows + row);
    }
    const Vec weight = load(sample_weights + row);
    Vec before = load(probabilities + row);
    for (size_t j = 1; j < classes; ++j) {
      const double count = static_cast<double>(j);
      const Vec own = load(probabilities + j * kTileRows + row);
      const size_t place = (j - 1) * kTileRows + row;
      const Vec rest = load(rests + place);
      const double scale = scales[j - 1];
      store(means + place, weight * scale * (before - own * count));
      store(rests + place, scale * (own * (count + 1) + rest));
      store(squares + place, weight * (scale * scale) *
                                 (before * own * ((count + 1) * (count + 1)) + before * rest +
                                  own * rest * (count * count)));
      before += own;
    }
  }
}

void add_squares(const double* tile, size_t columns, const double* weights, size_t rows,
                 double* sums) {
  for (size_t j = 0; j < columns; ++j) {
    const double* column = tile + j * kTileStride;
    Vec even{}, odd{};
    size_t row = 0;
    for (; row + kLanes < rows; row += 2 * kLanes) {
      const Vec first = load(column + row), second = load(column + row + kLanes);
      even += first * first * load(weights + row);
      odd += second * second * load(weights + row + kLanes);
    }
    if (row < rows) even += load(column + row) * load(column + row) * load(weights + row);
    sums[j] += sum_of_lanes(even + odd);
  }
}

}  // namespace

extern const ClassLoops class_loops;
const ClassLoops class_loops = {softmax, class_residuals, add_ranges, contrast_moments,
                                add_squares};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
