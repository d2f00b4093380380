"""How a declared model becomes cmdlets: the base class of resource types, their value types and rules.

May import ``reconciler.model``. Start with ``cmdlet_resource``; ``value_types`` are the types of attributes,
``rules`` the checks with code, meaning, remedy and source.
"""
