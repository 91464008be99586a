"""Runs and what is made of them, without Keras: specifications, store, jobs, experiments, verdicts, shipped results."""
