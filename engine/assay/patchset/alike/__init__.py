"""Which candidates come to the same: up to order, by their tests, by what functions answer to probes."""
