"""Publishes a WordPress site as static files: export, compose, gate, release, publish."""

__version__ = "0.1.0"
