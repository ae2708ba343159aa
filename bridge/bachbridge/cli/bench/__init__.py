"""The command `bench`: latencies over real ports, the window's cost, and the time of a model's step."""
