"""Labels to doubt: the review queue, detection tables, noise, relabelling."""
