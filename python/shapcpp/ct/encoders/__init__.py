"""Features of slices from any model: windows, encoders by name, and the work in batches."""
