// Contrasts between classes: coordinates for weights of several classes that add up to zero.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <vector>

namespace shapcpp {

// Helmert's contrasts, in the order in which the classes arrived: contrast j = 1, 2, ... is the
// scale 1 / sqrt(j (j + 1)) on classes 0 .. j - 1, -j times that on class j, and 0 on later ones.
// They are orthonormal, and a class that arrives adds one and leaves the others as they are.
//
// Vectors of contrasts hold the columns of contrast 1, those of contrast 2, and so on; those of
// classes hold `stride` numbers for each.
class Contrasts {
 public:
  explicit Contrasts(std::size_t most_classes, std::size_t columns, std::size_t stride);

  const double* scales() const { return scales_.data(); }
  // Contrast j (counted from 0) of class k.
  double of(std::size_t k, std::size_t j) const {
    return k > j + 1 ? 0 : k == j + 1 ? -static_cast<double>(k) * scales_[j] : scales_[j];
  }
  void from_classes(const double* vectors, std::size_t classes, double* contrasts) const;
  void to_classes(const double* contrasts, std::size_t classes, double* vectors) const;
  // The same of one number for each class.
  Eigen::VectorXd from_classes(const Eigen::VectorXd& numbers) const;
  Eigen::VectorXd to_classes(const Eigen::VectorXd& contrasts) const;
  // A symmetric form of contrasts as one of classes.
  Eigen::MatrixXd form_of_classes(const Eigen::MatrixXd& form) const;
  // Contrasts (counted from 0) that the difference of two classes has a part in: from `first` up
  // to, but not including, `end`.
  struct Between {
    std::size_t first;
    std::size_t end;
  };
  static Between between(std::size_t a, std::size_t b) {
    return {std::max<std::size_t>(std::min(a, b), 1) - 1, std::max(a, b)};
  }
  // The difference of classes a and b, times x, in these contrasts alone.
  void write_between(std::size_t a, std::size_t b, const double* x, double* contrasts) const;
  // The same in all contrasts.
  void write_pair(std::size_t a, std::size_t b, std::size_t classes, const double* x,
                  double* contrasts) const;

 private:
  const std::size_t columns_;
  const std::size_t stride_;
  std::vector<double> scales_;
};

}  // namespace shapcpp
