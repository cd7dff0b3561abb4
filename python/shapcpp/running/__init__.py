"""The execution of a run: in pieces, by threads or by the workers of an executor."""
