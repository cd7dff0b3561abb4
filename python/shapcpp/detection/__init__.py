"""Detection of wrong labels: the review queue, detection tables, noise, relabelling."""
