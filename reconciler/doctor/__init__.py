"""What an examination of the servers found, judged: is everything there that a plan and an apply need?

Pure. May import ``model``. Start with ``report``; ``rules`` and ``clocks`` judge findings, ``needs`` says which cmdlets
must exist on which host. ``run.examine`` asks the servers.
"""
