"""Designers: who may upload where, which site paths are theirs, and how they get access."""
