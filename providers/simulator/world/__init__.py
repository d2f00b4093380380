"""What there is on the simulated servers: the world as its file describes it, the directory, the services."""
