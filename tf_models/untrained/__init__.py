"""Experiments that need no training: layers with random weights, and what they cost."""
