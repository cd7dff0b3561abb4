#include "core/learners/logistic/dense_path.hpp"

namespace shapcpp {

DensePath::DensePath(const Problem& problem, const Context& context)
    : members_(problem.training(), problem.n_classes()),
      coalition_(members_, 1),
      newton_(problem, coalition_, context),
      zero_(Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem.columns()))) {
  newton_.start_from(zero_);
}

void DensePath::clear() {
  members_.clear();
  coalition_.clear();
  newton_.start_from(zero_);
}

void DensePath::join(std::size_t i) {
  members_.add(i);
  coalition_.add(i);
  newton_.expect(i);
}

}  // namespace shapcpp
