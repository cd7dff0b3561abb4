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
  double* after = vectors;  // the first class is what remains of the others
  std::fill_n(after, columns_, 0.0);
  for (std::size_t j = classes - 1; j > 0; --j) {
    const double scale = scales_[j - 1];
    const auto count = static_cast<double>(j);
    const double* contrast = contrasts + (j - 1) * columns_;
    double* vector = vectors + j * stride_;
    for (std::size_t l = 0; l < columns_; ++l) {
      const double own = scale * contrast[l];
      vector[l] = after[l] - count * own;
      after[l] += own;
    }
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

Eigen::MatrixXd Contrasts::form_of_classes(const Eigen::MatrixXd& form) const {
  const auto columns_to_classes = [this](const Eigen::MatrixXd& contrasts) {
    Eigen::MatrixXd numbers(contrasts.rows(), contrasts.cols() + 1);
    auto after = numbers.col(0);
    after.setZero();
    for (Eigen::Index j = contrasts.cols(); j > 0; --j) {
      const double scale = scales_[static_cast<std::size_t>(j - 1)];
      numbers.col(j) = after - static_cast<double>(j) * scale * contrasts.col(j - 1);
      after += scale * contrasts.col(j - 1);
    }
    return numbers;
  };
  return columns_to_classes(columns_to_classes(form).transpose());
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
