"""Judges the facts about the servers: can a plan and an apply run?

Pure. May import ``model``. Start with ``report``. ``rules`` and ``clocks`` turn facts into findings, ``needs`` lists
what each host must have. What only one resource type needs it judges itself (``abilities.Examining``).
``run.examine`` collects the facts.
"""
