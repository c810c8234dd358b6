"""The redirect audit: what every old address leads to, shown before the switch and after it."""
