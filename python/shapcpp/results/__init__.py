"""What a run found: sums, values, errors, stopping rules, and the file that keeps them."""
