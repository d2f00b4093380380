"""Judges the facts about the servers: can a plan and an apply run?

Pure. May import ``model``. Start with ``report``. ``rules`` and ``clocks`` turn facts into findings, ``needs`` lists
the cmdlets that each host must have. ``run.examine`` collects the facts.
"""
