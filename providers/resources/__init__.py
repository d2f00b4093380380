"""How each resource type lives: what follows for it from what the operator wrote, its commands, its checks.

One module a type, found by being here; its attributes are in the module of the same name in ``schema``. A type that no
other type reads may declare them here, in its own class. May import ``estate``, ``schema``, ``cmdlets`` and
``reconciler.model``. Start with ``dial_plan``.
"""
