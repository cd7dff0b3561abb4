// Roots of covariances are accurate against the variances, and what their last columns add is
// small.
#include "core/learners/multinomial/own_loss.hpp"

#include <Eigen/Core>
#include <cmath>
#include <random>

#include "core/learners/multinomial/contrasts.hpp"
#include "core/numerics/rounding.hpp"
#include "tests/check.hpp"

namespace shapcpp::tests {
namespace {

// Classes some of which are as rare as doubles can say.
Eigen::VectorXd rare_classes(Eigen::Index classes, double decades, std::mt19937_64& words) {
  std::uniform_real_distribution<double> exponent(-decades, 0);
  Eigen::VectorXd p(classes);
  for (double& value : p) value = std::pow(10, exponent(words));
  return p / p.sum();
}

}  // namespace

TEST("a root of covariances times its transpose is the covariances, however rare the classes") {
  std::mt19937_64 words(11);
  for (const Eigen::Index classes : {2, 3, 7, 12})
    for (const double decades : {0.0, 1.0, 10.0, 100.0}) {
      const Contrasts helmert(static_cast<std::size_t>(classes), 1, 8);
      const Eigen::VectorXd p = rare_classes(classes, decades, words);
      const Eigen::MatrixXd M = covariances(helmert, p);
      const Eigen::MatrixXd R = covariance_root(helmert, p);
      const Eigen::MatrixXd error = R * R.transpose() - M;
      const double room = 8 * static_cast<double>(classes * classes + 8) * kRounding;
      for (Eigen::Index j = 0; j < M.rows(); ++j)
        for (Eigen::Index l = 0; l < M.cols(); ++l)
          CHECK(std::abs(error(j, l)) <= room * std::sqrt(M(j, j)) * std::sqrt(M(l, l)));
    }
}

TEST("the last columns of a root of covariances are those of rare classes") {
  const Contrasts helmert(4, 1, 8);
  Eigen::VectorXd p(4);
  p << 1e-9, 0.7, 1e-5, 0.3;
  p /= p.sum();
  const Eigen::MatrixXd R = covariance_root(helmert, p);
  CHECK(R.col(0).squaredNorm() > 0.1);
  CHECK(R.col(1).squaredNorm() < 1e-4);
  CHECK(R.col(2).squaredNorm() < 1e-8);
}

TEST("a class without probability adds nothing to a root of covariances") {
  const Contrasts helmert(3, 1, 8);
  const Eigen::VectorXd p = Eigen::Vector3d(0, 1, 0);
  CHECK(covariance_root(helmert, p).isZero(0));
}

}  // namespace shapcpp::tests
