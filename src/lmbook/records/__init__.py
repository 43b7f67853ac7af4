"""Measurements that benchmarks recorded, for chapters to show beside the reader's own."""
