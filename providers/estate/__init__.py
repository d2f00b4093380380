"""Pure knowledge of the joined estate that several resource types share, such as the links between its objects.

May import ``schema``, ``cmdlets`` and ``reconciler.model``. Everything is a function of the landscape. Start with
``topology`` (pools, sites, Front Ends) and ``servers`` (UM servers and their versions).
"""
