// How samples lie in memory, and the loops that pass over them.
#pragma once

#include <cstddef>

namespace shapcpp::kernels {

// Samples lie in tiles of this many rows, feature by feature: value (row, column) of a tile is
// tile[column * kTileStride + row]. A tile of the paper's 16 features fits the first-level cache;
// a stride that is no power of two spreads a row over that cache.
inline constexpr std::size_t kTileRows = 256;
inline constexpr std::size_t kTileStride = kTileRows + 16;

// `rows` is always a multiple of this: the code that fills a tile pads it, so that no loop has a
// remainder.
inline constexpr std::size_t kRowMultiple = 16;

// Samples in whole numbers lie in blocks of this many rows, or those that a class has left: pair by
// pair of columns, both numbers of a row side by side.
inline constexpr std::size_t kBlockRows = 128;

// Rows of small matrices are padded to a multiple of this.
inline constexpr std::size_t kStrideMultiple = 8;

// Partial sums of each column that `add_remainder` keeps apart.
inline constexpr std::size_t kLaneSums = 8;

// Products that `add_remainder`, `single_margins` and `look` add up before their sum is added to
// the others: a sum over many columns rounds by its chunks, not by its columns.
inline constexpr std::size_t kSumChunk = 32;

// Sizes of the shifts t_i of members whose curvatures are c_i: max |t_i| and sums of c_i t_i^power;
// and the sum of the absolute remainders, where a loop computes these.
struct Shifts {
  double largest = 0;
  double fourth = 0;
  double eighth = 0;
  double remainders = 0;
};

// A vector in whole numbers, the last pair filled up with zero: `unit` times these. No sum of its
// products with a sample over `chunk` pairs, or over some of these, reaches 2^31.
struct WholeVector {
  const short* numbers;
  std::size_t pairs;
  std::size_t chunk;
  float unit;
};

// Passes over samples in double precision.
struct SampleLoops {
  // margins[i] = sum over columns j of tile(i, j) * weights[j]
  void (*margins)(const double* tile, std::size_t columns, const double* weights, std::size_t rows,
                  double* margins);

  // The largest |values[i]|.
  double (*largest)(const double* values, std::size_t rows);

  // Derivatives of the loss a * log(1 + exp(-sign * margin)) by the margin, sign = +1 or -1:
  // residuals (first) and curvatures (second).
  void (*logistic)(const double* margins, const double* signs, const double* sample_weights,
                   std::size_t rows, double* residuals, double* curvatures);

  // gradient[j] += sum over rows i of tile(i, j) * residuals[i]; the same of the absolute products
  // to magnitude[j]
  void (*add_gradient)(const double* tile, std::size_t columns, const double* residuals,
                       std::size_t rows, double* gradient, double* magnitude);

  // hessian[j * columns + l] += sum over rows i of curvatures[i] * tile(i, j) * tile(i, l), l <= j;
  // what stands above the diagonal is undefined. `scratch` holds 4 * kTileStride numbers.
  void (*add_hessian)(const double* tile, std::size_t columns, const double* curvatures,
                      std::size_t rows, double* hessian, double* scratch);

  // Numbers of margins that exceed their bound and that lie within it, where bound_i = norms[i] *
  // scale.
  void (*classify)(const double* margins, const double* norms, double scale, std::size_t rows,
                   std::size_t* positive, std::size_t* within);
};

// Passes over samples in single precision.
struct SingleLoops {
  // Numbers in a register: their sums run side by side.
  std::size_t single_lanes;

  // What `add_remainder` and `add_third` need, from the derivatives of the loss: probabilities of
  // class 1, curvatures, third derivatives.
  void (*expand)(const double* residuals, const double* curvatures, const double* signs,
                 const double* sample_weights, std::size_t rows, float* probabilities,
                 float* single_curvatures, float* thirds);

  // For members with probabilities p_i of class 1 and curvatures c_i at some margins: what moving
  // these by t_i = sum over j of tile(i, j) * direction[j] - offsets[i] adds to the residuals
  // beyond c_i t_i; times the samples, to lane_sums[j * kLaneSums ..]. Good for |t_i| <= 2; larger
  // ones are reported in `shifts`, and the sums are then worthless.
  void (*add_remainder)(const float* tile, std::size_t columns, const float* direction,
                        const float* offsets, const float* probabilities, const float* curvatures,
                        std::size_t rows, double* lane_sums, Shifts* shifts);
  // vector[j] += sum over lanes, for `stride` columns: a multiple of kStrideMultiple.
  void (*add_lanes)(const double* lane_sums, std::size_t stride, double* vector);

  // third[row (j, l)][m] += sum over rows i of weights[i] * tile(i, j) * tile(i, l) * tile(i, m)
  // for m <= l <= j, with row (j, l) of `stride` numbers at (j (j + 1) / 2 + l) * stride. `block`
  // holds columns^2 numbers, `scratch` 5 * kTileStride.
  void (*add_third)(const float* tile, std::size_t columns, const float* weights, std::size_t rows,
                    double* third, std::size_t stride, double* block, float* scratch);

  // margins[i] = sum over columns j of tile(i, j) * weights[j]
  void (*single_margins)(const float* tile, std::size_t columns, const float* weights,
                         std::size_t rows, float* margins);

  // `classify` in one pass with the margins. Returns how many margins exceed their bound, and lists
  // the `within` rows of those that lie within it.
  std::size_t (*look)(const float* tile, std::size_t columns, const float* weights,
                      const float* norms, float scale, std::size_t rows, std::size_t* within,
                      unsigned short* open);

  // The margin of class b at row i, the sum over columns j of tile(i, j) * weights[j * n_classes +
  // b], is known up to reaches[b] * norms[i]. Returns how many rows class `own` certainly leads,
  // and lists the `within` rows at which it neither does nor is certainly led by another class.
  std::size_t (*lead)(const float* tile, std::size_t columns, const float* weights,
                      std::size_t n_classes, std::size_t own, const float* reaches,
                      const float* norms, std::size_t rows, std::size_t* within,
                      unsigned short* open);
};

// Rows, a bit each, whose class certainly leads all others, and those of which neither that nor the
// opposite is certain.
struct OpenBits {
  unsigned long long correct = 0;
  unsigned long long open = 0;
};

// Passes over samples of several classes. Of each class there are kTileRows numbers, one per row of
// a tile.
struct ClassLoops {
  // values[k][i] = sum over columns j of tile(i, j) * weights[k * stride + j]
  void (*logits)(const double* tile, std::size_t columns, const double* weights,
                 std::size_t classes, std::size_t stride, std::size_t rows, double* values);

  // In place: the probabilities of the classes, from logits.
  void (*softmax)(double* values, std::size_t classes, std::size_t rows);

  // Derivatives of the losses by the logits: sample_weights[i] times the probability, less 1 for
  // the class own[i], which is taken as minus the sum of the others.
  void (*class_residuals)(const double* probabilities, std::size_t classes, const double* own,
                          const double* sample_weights, std::size_t rows, double* residuals);

  // gradient[k * stride + j] += sum over rows i of tile(i, j) * residuals[k][i]
  void (*add_class_gradient)(const double* tile, std::size_t columns, const double* residuals,
                             std::size_t classes, std::size_t stride, std::size_t rows,
                             double* gradient);

  // Ranges over the classes (largest less smallest) of logits - expanded: the largest of them, and
  // the sum of their fourth powers times variances[i].
  void (*add_ranges)(const double* logits, const double* expanded, std::size_t classes,
                     const double* variances, std::size_t rows, Shifts* shifts);

  // The least of the products probabilities[k][i] * inverses[k][i], or `least` if none is less.
  double (*least_ratio)(const double* probabilities, const double* inverses, std::size_t classes,
                        std::size_t rows, double least);

  // Moments of the contrasts 1 .. classes - 1 under the probabilities: contrast j is scales[j - 1]
  // on the classes before j, -j times that on j, and 0 on those after. Of each: the mean and the
  // variance, both times sample_weights[i], and how far the mean is below the scale. For j < l the
  // covariance is means_j rests_l.
  void (*contrast_moments)(const double* probabilities, std::size_t classes, const double* scales,
                           const double* sample_weights, std::size_t rows, double* means,
                           double* rests, double* squares);

  // sums[j] += sum over rows i of weights[i] * tile(i, j)^2
  void (*add_squares)(const double* tile, std::size_t columns, const double* weights,
                      std::size_t rows, double* sums);

  // At most 64 rows. The class of row i has the margin own[i], known up to own_reaches[i] *
  // norms[i]; each of `n_classes` classes k, also that one, has margins[k][i], known up to
  // reaches[k] * norms[i]. Sets undecided[k] where class k is, or may lead, that of an open row.
  OpenBits (*decide)(const double* margins, const std::size_t* classes, std::size_t n_classes,
                     const double* reaches, const double* own, const double* own_reaches,
                     const double* norms, std::size_t rows, bool* undecided);
};

// Classes whose weights all move along one vector.
struct CommonStepLoops {
  // Of samples in whole numbers, at most kTileRows. Their leads over each of the rivals of their
  // class, rival by rival in each block of rows, grow by steps[rival] times their product with the
  // vector. Returns how many rows are ahead of all rivals by more than limit - known[i], and lists
  // the `within` rows that are ahead of or behind one by no more, and behind none by more.
  std::size_t (*advance)(const short* samples, const WholeVector& vector, const float* steps,
                         std::size_t rivals, float limit, const float* known, std::size_t rows,
                         float* leads, std::size_t* within, unsigned short* open);

  // Of `count` rows of `stride` numbers, a multiple of kStrideMultiple: products[i] with a vector;
  // += lengths[i] times a vector; squares[i], the sum of squares, and absolute_sums[i], that of
  // absolute products with `scales`.
  void (*products)(const double* rows, std::size_t count, std::size_t stride, const double* vector,
                   double* products);
  void (*move)(double* rows, std::size_t count, std::size_t stride, const double* vector,
               const double* lengths);
  void (*sizes)(const double* rows, std::size_t count, std::size_t stride, const double* scales,
                double* squares, double* absolute_sums);
};

}  // namespace shapcpp::kernels
