"""What is computed from arrays that came out of a network: NumPy alone, each with an analytic truth in its test."""
