"""The parts of the page *FFN*."""
