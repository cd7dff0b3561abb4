"""A phantom: chest CT of imaginary patients."""
