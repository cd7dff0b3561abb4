// Passes over samples of several classes. Numbers of class k and row i stand at k * kTileRows + i.
#include "kernels/class_passes.hpp"

namespace shapcpp::kernels::SHAPCPP_LEVEL {
namespace {

void softmax(double* values, size_t classes, size_t rows) {
  for (size_t row = 0; row < rows; row += 2 * kLanes) softmax_of<2>(values + row, classes);
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

void logits(const double* tile, size_t columns, const double* weights, size_t classes,
            size_t stride, size_t rows, double* values) {
  logits_in(tile, columns, weights, classes, stride, rows, values);
}

void add_class_gradient(const double* tile, size_t columns, const double* residuals, size_t classes,
                        size_t stride, size_t rows, double* gradient) {
  add_gradient_in(tile, columns, residuals, classes, stride, rows, gradient);
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

double least_ratio(const double* probabilities, const double* inverses, size_t classes, size_t rows,
                   double least) {
  Vec even = broadcast(least), odd = even;
  for (size_t k = 0; k < classes; ++k, probabilities += kTileRows, inverses += kTileRows)
    for (size_t row = 0; row < rows; row += 2 * kLanes) {
      const Vec first = load(probabilities + row) * load(inverses + row);
      const Vec second = load(probabilities + row + kLanes) * load(inverses + row + kLanes);
      even = select(first < even, first, even);
      odd = select(second < odd, second, odd);
    }
  even = select(odd < even, odd, even);
  for (size_t lane = 0; lane < kLanes; ++lane) least = even[lane] < least ? even[lane] : least;
  return least;
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

// Which of a register's rows lead class b, and which are led by it, beyond what is known of both; a
// margin that overflows decides nothing.
struct Verdicts {
  Bits leads;
  Bits trails;
};

inline Verdicts compare(Vec own, Vec other, Vec bound) {
  constexpr double kLargest = 1.7976931348623157e308;
  const Vec lead = own - other;
  const Bits finite = (Bits)(absolute(lead) <= kLargest);
  return {(Bits)(lead > bound) & finite, (Bits)(-lead > bound) & finite};
}

OpenBits decide(const double* margins, const size_t* classes, size_t n_classes,
                const double* reaches, const double* own, const double* own_reaches,
                const double* norms, size_t rows, bool* undecided) {
  OpenBits found{};
  for (size_t row = 0; row < rows; row += kLanes) {
    const Vec mine = load(own + row), reach = load(own_reaches + row), norm = load(norms + row);
    const auto against = [&](size_t b) {
      const Vec bound = norm * (reach + reaches[b]) * (1 + 1e-9);
      return compare(mine, load(margins + b * kTileRows + row), bound);
    };
    Bits led_by{}, led{};
    for (size_t place = 0; place < n_classes; ++place) {
      const Verdicts verdicts = against(classes[place]);
      led -= verdicts.leads;
      led_by |= verdicts.trails;
    }
    // A class does not lead itself.
    const Bits all = (Bits)(led == static_cast<long long>(n_classes) - 1) & ~led_by;
    const Bits open = ~all & ~led_by;
    const unsigned valid = rows - row < kLanes ? (1U << (rows - row)) - 1 : ~0U;
    found.correct |= static_cast<unsigned long long>(mask_of(all) & valid) << row;
    const unsigned left = mask_of(open) & valid;
    found.open |= static_cast<unsigned long long>(left) << row;
    if (left == 0) continue;
    for (size_t place = 0; place < n_classes; ++place) {
      const size_t b = classes[place];
      undecided[b] |= (left & ~mask_of(against(b).leads)) != 0;
    }
  }
  return found;
}

}  // namespace

extern const ClassLoops class_loops;
const ClassLoops class_loops = {logits,     softmax,     class_residuals,  add_class_gradient,
                                add_ranges, least_ratio, contrast_moments, add_squares,
                                decide};

}  // namespace shapcpp::kernels::SHAPCPP_LEVEL
