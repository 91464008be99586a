"""The parts of the page *Weight sharing*."""
