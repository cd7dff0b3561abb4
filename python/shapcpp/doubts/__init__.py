"""Doubts: finds labels that are probably wrong, by what all other labels say."""
