"""Results of a run: sums, values, errors, stopping rules, and the file that keeps them."""
