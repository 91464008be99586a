"""Training in worker processes: the order of the queue, the queue, the workers, the local cluster."""
