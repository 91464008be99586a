"""What probes read off a network: its arrays, its functions from one layer to another, its gradients."""
