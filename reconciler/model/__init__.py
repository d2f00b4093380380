"""The values that every other package shares, and the ports through which the program acts.

Imports nothing else of ours. Start with ``resource_types`` (what a resource type declares) and ``ports`` (session,
store, clock, random, scheduler). ``landscape`` holds what is known while planning, ``actions`` what a plan does,
``snapshot`` what the state keeps, ``diagnostics`` what users read when something is wrong.
"""
