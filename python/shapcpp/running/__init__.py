"""How a run is done: in pieces, by threads or by the workers of an executor."""
