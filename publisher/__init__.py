"""Publishes a WordPress site as static files: export, compose, gate, release, publish."""
