"""What is computed from arrays that came out of a network: no framework, each with an analytic truth in its test."""
