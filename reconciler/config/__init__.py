"""Desired state: reads the YAML and CSV files of an environment into one frozen value.

Pure: takes bytes, returns values and diagnostics with file, line and column. May import ``model``. Start with
``environment.load``. ``yaml_reader`` and ``csv_reader`` read text within size limits, ``declarations`` reads the
sections of the resource types, ``resolve`` checks references, ``connections`` and ``trust`` decide which servers may
be reached.
"""
