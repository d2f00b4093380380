"""The resource types: their desired resources, their commands and their checks.

Each type has one module, which the catalogue finds by itself. Its attributes are in the module of the same name in
``schema``. A type that no other type reads may declare them here, in its own class.

May import ``estate``, ``schema``, ``cmdlets`` and ``reconciler.model``. Start with ``dial_plan``.
"""
