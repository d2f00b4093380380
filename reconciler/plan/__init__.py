"""Planning: makes a plan, a refusal or a drift report from the desired, observed and prior state.

Pure. May import ``model``, and ``config`` where a plan speaks of files. Start with ``plan`` (what a plan is), then
``build`` and ``decide`` (how it comes about). ``diff`` compares, ``stages`` orders, ``checks``,
``budgets`` and ``admission`` refuse, ``drift`` compares three ways, ``saved`` writes and reads plan files."""
