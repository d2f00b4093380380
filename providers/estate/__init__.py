"""Pure knowledge of the joined estate, shared by several resource types: who is linked with whom, and what follows.

May import ``schema``, ``cmdlets`` and ``reconciler.model``. Everything is a function of the landscape. Start with
``topology`` (pools, sites, Front Ends) and ``servers`` (UM servers and their versions).
"""
