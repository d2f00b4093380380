"""Derives cmdlets, a parser and a JSON Schema from a class that declares attributes.

``value_types`` describes an attribute; ``table`` collects them; ``declaration`` reads YAML and CSV with that table and
explains the errors there; ``cmdlet_resource`` is the base class of resource types. ``products`` declares the products,
``reference`` is the published reference of the cmdlets themselves. May import ``reconciler.model``. Start with
``cmdlet_resource``.
"""
