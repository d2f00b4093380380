"""The common part of all cmdlets: command line, binding, conversion, records, errors and their texts."""
