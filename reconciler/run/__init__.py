"""Acts through the ports: reads servers, applies plans, waits, retries and recovers.

May import ``plan``, ``config``, ``doctor`` and ``model``. Start with ``observe`` (bulk reads), ``apply`` (walks the
graph) and ``perform`` (one step: intent, send, read back). ``retry`` is the one place that tries again; ``recover``
looks at what an interrupted run left; ``system`` is the real clock, random source, threads and signals.
"""
