"""A phantom: chest CT of imagined patients."""
