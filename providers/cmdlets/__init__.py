"""How a class that declares attributes becomes cmdlets, a parser and a JSON Schema.

``value_types`` and ``marks`` say what an attribute is; ``table`` collects them; ``declaration`` reads YAML and CSV by
that table, ``problems`` explains what is wrong there; ``cmdlet_resource`` is the base class of resource types.
``reference`` is the published reference of the cmdlets themselves. May import ``reconciler.model``. Start with
``cmdlet_resource``.
"""
