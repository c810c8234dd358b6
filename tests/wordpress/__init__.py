"""A staging WordPress for tests, benchmarks and trying things out by hand."""

from tests.packages import Unavailable
from tests.wordpress.harness import WordPress
from tests.wordpress.options import Options, theme_test_data

__all__ = ["Options", "Unavailable", "WordPress", "theme_test_data"]
