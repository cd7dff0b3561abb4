#include "core/learners/multinomial/own_loss.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace shapcpp {
namespace {

// It only chooses where the loss is expanded.
constexpr double kTolerance = 1e-2;
constexpr int kMostSteps = 20;
constexpr double kLongestStep = 1;

}  // namespace

Eigen::VectorXd softmax(const Eigen::VectorXd& logits) {
  const Eigen::VectorXd odds = (logits.array() - logits.maxCoeff()).exp();
  return odds / odds.sum();
}

// As the kernel `contrast_moments`.
Eigen::MatrixXd covariances(const Contrasts& helmert, const Eigen::VectorXd& probabilities) {
  const Eigen::Index m = probabilities.size() - 1;
  Eigen::MatrixXd covariance(m, m);
  Eigen::VectorXd rests(m);
  double after = 0;
  for (Eigen::Index j = m; j > 0; --j) {
    rests[j - 1] = after;
    after += probabilities[j];
  }
  double before = probabilities[0];
  for (Eigen::Index j = 1; j <= m; ++j) {
    const double own = probabilities[j];
    const double rest = rests[j - 1];
    const double scale = helmert.scales()[j - 1];
    const auto count = static_cast<double>(j);
    const double mean = scale * (before - count * own);
    covariance(j - 1, j - 1) =
        scale * scale *
        (before * own * (count + 1) * (count + 1) + before * rest + count * count * own * rest);
    for (Eigen::Index l = j + 1; l <= m; ++l) {
      const double below =
          helmert.scales()[l - 1] * (static_cast<double>(l + 1) * probabilities[l] + rests[l - 1]);
      covariance(j - 1, l - 1) = covariance(l - 1, j - 1) = mean * below;
    }
    before += own;
  }
  return covariance;
}

// The variance of numbers of the classes is that between the likeliest class and the rest, and then
// that within the rest: p S / (p + S) times the square of what the number of the class is beyond
// the mean of the others, S the sum of their probabilities. Nothing in a contrast's part of that
// cancels to less than its own variance.
Eigen::MatrixXd covariance_root(const Contrasts& helmert, const Eigen::VectorXd& probabilities) {
  const Eigen::Index m = probabilities.size() - 1;
  std::vector<Eigen::Index> order(static_cast<std::size_t>(m + 1));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return probabilities[a] > probabilities[b] || (probabilities[a] == probabilities[b] && a < b);
  });
  Eigen::MatrixXd root = Eigen::MatrixXd::Zero(m, m);
  Eigen::VectorXd others = Eigen::VectorXd::Zero(m + 1);  // probabilities of those later in order
  Eigen::VectorXd afters(m);
  double rest = 0;
  for (Eigen::Index column = m; column-- > 0;) {
    const Eigen::Index next = order[static_cast<std::size_t>(column + 1)];
    others[next] = probabilities[next];
    rest += others[next];
    const Eigen::Index k = order[static_cast<std::size_t>(column)];
    const double likely = probabilities[k];
    if (!(rest > 0)) continue;
    const double size = std::sqrt(likely * rest / (likely + rest));
    double after = 0;
    for (Eigen::Index j = m; j-- > 0;) {
      afters[j] = after;
      after += others[j + 1] / rest;
    }
    double before = others[0] / rest;
    for (Eigen::Index j = 0; j < m; ++j) {
      const auto count = static_cast<double>(j + 1);
      const double own = others[j + 1] / rest;
      const double beyond = k <= j       ? (count + 1) * own + afters[j]
                            : k == j + 1 ? -(count + 1) * before - count * afters[j]
                                         : count * own - before;
      root(j, column) = size * helmert.scales()[j] * beyond;
      before += own;
    }
  }
  return root;
}

Eigen::VectorXd balanced_logits(const Contrasts& helmert, const Eigen::VectorXd& logits,
                                const Eigen::MatrixXd& gram, double weight, std::size_t own) {
  const Eigen::Index m = logits.size() - 1;
  Eigen::VectorXd moved = logits;
  Eigen::VectorXd shift = Eigen::VectorXd::Zero(m);
  for (int i = 0; i < kMostSteps; ++i) {
    Eigen::VectorXd p = softmax(moved);
    const Eigen::MatrixXd covariance = covariances(helmert, p);
    p[static_cast<Eigen::Index>(own)] -= 1;
    const Eigen::VectorXd left = shift + weight * (gram * helmert.from_classes(p));
    if (left.norm() < kTolerance) break;
    const Eigen::MatrixXd slope =
        Eigen::MatrixXd::Identity(m, m) + weight * gram.lazyProduct(covariance);
    const Eigen::VectorXd step = -slope.partialPivLu().solve(left);
    const Eigen::VectorXd along = helmert.to_classes(step);
    const double length = std::min(1.0, kLongestStep / range(along));
    shift += length * step;
    moved += length * along;
  }
  return moved;
}

double range(const Eigen::VectorXd& values) {
  return values.maxCoeff() - values.minCoeff();
}

}  // namespace shapcpp
