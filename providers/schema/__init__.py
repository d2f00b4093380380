"""The attributes of each resource type, and the facts that are only read.

Each type has one module. A class has the name of the type and declares its attributes. Each attribute is a typed
handle: ``plan.get(DialPlan.site)``. The module of the same name in ``resources`` holds the commands and the checks of
the type.

May import ``providers.cmdlets``. Start with ``ip_gateway``.
"""
