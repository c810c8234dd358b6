"""The test suite, and the real servers that it runs against."""
