"""What `make` runs: the set-up of the environment, the tests of both houses, and the benchmarks."""
