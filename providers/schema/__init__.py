"""What each resource type is: its attributes; and the facts that are only read.

One module a type. A class has the name of the type and declares its attributes. Each attribute is a typed handle:
``plan.get(DialPlan.site)``. The module of the same name in ``resources`` holds the commands and the checks of the type.

May import ``providers.cmdlets``. Start with ``ip_gateway``.
"""
