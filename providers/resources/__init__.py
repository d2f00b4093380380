"""How each resource type lives: what follows from what the operator wrote, its commands, its checks.

One module a type, found because it is here. Its attributes are in the module of the same name in ``schema``. A type
that no other type reads may declare them here, in its own class.

May import ``estate``, ``schema``, ``cmdlets`` and ``reconciler.model``. Start with ``dial_plan``.
"""
