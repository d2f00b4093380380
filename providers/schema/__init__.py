"""The attributes of each resource type, and the facts that are only read.

A class has the name of the type and declares its attributes. Each attribute is a typed handle:
``plan.get(DialPlan.site)``. The module of the type in ``resources`` holds the commands and the checks of the type.

May import ``providers.cmdlets``. Start with ``exchange.IPGateway``.
"""
