"""What there is on the servers: the attributes of each resource type, and the facts that are only read.

One module a type. Its class gives the name of the type and declares the attributes; each is a typed handle, by which
``estate``, ``resources`` and other types name it: ``plan.get(DialPlan.site)``. How a type lives through plan and apply
is in the module of the same name in ``resources``. May import ``providers.cmdlets``; start with ``ip_gateway``.
"""
