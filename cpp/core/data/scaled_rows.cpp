#include "core/data/scaled_rows.hpp"

namespace shapcpp {

ScaledRows::ScaledRows(const TestSet& test, std::size_t columns) : columns_(columns) {
  for (std::size_t k = 0; k < test.counts().size(); ++k) {
    const SampleTiles& samples = test.samples(k);
    Aligned<float>& rows = rows_.emplace_back(samples.size() * columns);
    for (std::size_t i = 0; i < samples.size(); ++i)
      for (std::size_t j = 0; j < columns; ++j)
        rows[i * columns + j] = static_cast<float>(samples.value(i, j) / test.norms(k)[i]);
  }
}

double ScaledRows::bytes(const RunShape& s) {
  return kSingleBytes * s.tests() * s.columns();
}

}  // namespace shapcpp
