#include "core/learners/multinomial/own_loss.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

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
    const Eigen::MatrixXd slope = Eigen::MatrixXd::Identity(m, m) + weight * (gram * covariance);
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
