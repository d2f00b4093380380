"""What is the same for every cmdlet: how a call is written and bound, how its records and errors are told."""
