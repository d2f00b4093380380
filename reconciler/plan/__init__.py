"""Planning: makes a plan, a refusal or a drift report from the desired, observed and prior state.

Pure. May import ``model``, and ``config`` where a plan needs the files. Start with ``plan`` (the value), then ``build``
and ``decide`` (how it is made). ``effects`` compares and predicts, ``checks``, ``budgets`` and ``admission`` refuse,
``drift`` compares three ways, ``saved`` writes and reads plan files.
"""
