"""The parts of the page *Claims*, and verdicts in words on every page."""
