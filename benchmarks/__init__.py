"""Side by side with public tools, on one machine, in one run: `make bench`."""
