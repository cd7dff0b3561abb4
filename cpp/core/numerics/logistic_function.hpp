// The logistic loss of one sample, where no vector loop is used.
#pragma once

#include <cmath>

namespace shapcpp {

inline double logistic_function(double z) {
  const double tail = std::exp(-std::abs(z));
  return (z >= 0 ? 1 : tail) / (1 + tail);
}

// Probabilities of the label and of the other label, at a margin that is positive if the prediction
// is right.
struct Probabilities {
  double right;
  double wrong;
};

inline Probabilities probabilities(double margin) {
  const double tail = std::exp(-std::abs(margin));
  const double likely = 1 / (1 + tail);
  return margin >= 0 ? Probabilities{likely, tail * likely} : Probabilities{tail * likely, likely};
}

// The c with c = -a (p(z + q c) - y): a new sample of margin z moves the weights by c H^-1 x, and
// its margin by q c, where its residual balances the quadratic model H, q = |x|_{H^-1}^2. Its root
// lies between 0 and c(z).
inline double balance(double z, double q, double a, double y) {
  double near = 0;
  const double before = logistic_function(z);
  double far = -a * (before - y);
  double c = far / (1 + a * q * before * (1 - before));
  for (int i = 0; i < 40; ++i) {
    const double p = logistic_function(z + q * c);
    const double excess = c + a * (p - y);
    if (std::abs(excess) <= 1e-4 * a) break;
    ((excess > 0) == (far > 0) ? far : near) = c;
    c -= excess / (1 + a * q * p * (1 - p));
    if ((c - near) * (c - far) >= 0) c = (near + far) / 2;
  }
  return c;
}

}  // namespace shapcpp
