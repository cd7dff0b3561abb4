"""The processors and the memory that this process may use."""
