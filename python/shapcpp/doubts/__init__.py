"""Doubts: which labels are wrong, judged by all other labels."""
