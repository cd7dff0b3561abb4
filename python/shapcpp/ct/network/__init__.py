"""The capsule network and its training."""
