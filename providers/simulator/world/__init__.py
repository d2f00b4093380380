"""The content of the simulated servers: the world file, the directory, and what hosts have."""
