"""The values that every other package shares, and the ports through which the program acts.

Imports nothing else of ours. Start with ``resource_types`` (what a resource type declares) and ``ports`` (session,
store, clock, random, scheduler). The words of a product stay in ``providers``: a type says them in its ``Provider``, in
its ``options`` and ``abilities``. ``landscape`` holds all knowledge of the planner, ``actions`` the steps of a plan,
``snapshot`` the saved state, ``diagnostics`` the messages for users.
"""
