// The loss of a joining sample against the quadratic model of all others.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "core/learners/multinomial/contrasts.hpp"

namespace shapcpp {

// Probabilities of the classes.
Eigen::VectorXd softmax(const Eigen::VectorXd& logits);
// Covariances of the contrasts under these probabilities. Each entry is accurate against the root
// of the product of the two variances.
Eigen::MatrixXd covariances(const Contrasts& helmert, const Eigen::VectorXd& probabilities);

// A root R of the same: they are R R'. Column by column from the likely classes to the unlikely, so
// that what the last ones add is small. Entries of row j are accurate against the root of variance
// j.
Eigen::MatrixXd covariance_root(const Contrasts& helmert, const Eigen::VectorXd& probabilities);

// The logits that the sample will have, about: those at which its residual balances the model. The
// sample joins class `own` with the logits given, and `gram`, in contrasts, is what a residual of
// one moves them by.
Eigen::VectorXd balanced_logits(const Contrasts& helmert, const Eigen::VectorXd& logits,
                                const Eigen::MatrixXd& gram, double weight, std::size_t own);

// The difference of the largest and the least number.
double range(const Eigen::VectorXd& values);

}  // namespace shapcpp
