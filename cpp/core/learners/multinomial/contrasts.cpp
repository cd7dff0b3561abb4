#include "core/learners/multinomial/contrasts.hpp"

#include <algorithm>
#include <cmath>

namespace shapcpp {

Contrasts::Contrasts(std::size_t most_classes, std::size_t columns, std::size_t stride)
    : columns_(columns), stride_(stride) {
  for (std::size_t j = 1; j < most_classes; ++j)
    scales_.push_back(1 / std::sqrt(static_cast<double>(j) * static_cast<double>(j + 1)));
}

void Contrasts::from_classes(const double* vectors, std::size_t classes, double* contrasts) const {
  for (std::size_t l = 0; l < columns_; ++l) {
    double before = vectors[l];
    for (std::size_t j = 1; j < classes; ++j) {
      const double own = vectors[j * stride_ + l];
      contrasts[(j - 1) * columns_ + l] = scales_[j - 1] * (before - static_cast<double>(j) * own);
      before += own;
    }
  }
}

void Contrasts::to_classes(const double* contrasts, std::size_t classes, double* vectors) const {
  for (std::size_t l = 0; l < columns_; ++l) {
    double after = 0;
    for (std::size_t j = classes - 1; j > 0; --j) {
      const double own = scales_[j - 1] * contrasts[(j - 1) * columns_ + l];
      vectors[j * stride_ + l] = after - static_cast<double>(j) * own;
      after += own;
    }
    vectors[l] = after;
  }
}

Eigen::VectorXd Contrasts::from_classes(const Eigen::VectorXd& numbers) const {
  Eigen::VectorXd contrasts(numbers.size() - 1);
  double before = numbers[0];
  for (Eigen::Index j = 1; j < numbers.size(); ++j) {
    contrasts[j - 1] =
        scales_[static_cast<std::size_t>(j - 1)] * (before - static_cast<double>(j) * numbers[j]);
    before += numbers[j];
  }
  return contrasts;
}

Eigen::VectorXd Contrasts::to_classes(const Eigen::VectorXd& contrasts) const {
  Eigen::VectorXd numbers(contrasts.size() + 1);
  double after = 0;
  for (Eigen::Index j = contrasts.size(); j > 0; --j) {
    const double own = scales_[static_cast<std::size_t>(j - 1)] * contrasts[j - 1];
    numbers[j] = after - static_cast<double>(j) * own;
    after += own;
  }
  numbers[0] = after;
  return numbers;
}

void Contrasts::write_between(std::size_t a, std::size_t b, const double* x,
                              double* contrasts) const {
  const auto [first, end] = between(a, b);
  for (std::size_t j = first; j < end; ++j, contrasts += columns_) {
    const double factor = of(a, j) - of(b, j);
    for (std::size_t l = 0; l < columns_; ++l) contrasts[l] = factor * x[l];
  }
}

void Contrasts::write_pair(std::size_t a, std::size_t b, std::size_t classes, const double* x,
                           double* contrasts) const {
  for (std::size_t j = 0; j + 1 < classes; ++j) {
    const double factor = of(a, j) - of(b, j);
    for (std::size_t l = 0; l < columns_; ++l) contrasts[j * columns_ + l] = factor * x[l];
  }
}

}  // namespace shapcpp
