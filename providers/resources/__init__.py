"""One file a resource type, found by being here; a class declares everything about its type once.

May import ``estate``, ``cmdlets`` and ``reconciler.model``. Start with ``dial_plan``; ``exchange_facts`` and
``lync_facts`` hold what is read and never changed."""
