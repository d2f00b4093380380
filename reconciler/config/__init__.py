"""Desired state: the YAML and CSV files of an environment, read into one frozen value.

Pure: it gets bytes and returns values and diagnostics, each with file, line and column. May import ``model``. Start
with ``environment.load``; ``yaml_reader`` and ``csv_reader`` read text within budgets, ``declarations`` reads the
sections of the resource types, ``resolve`` follows references, ``connections`` and ``trust`` say which servers may be
reached."""
