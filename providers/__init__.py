"""Resource types of Exchange and Lync, the ways to their servers, and a simulated estate that answers like real ones.

Imports ``reconciler.model`` and nothing else of the engine. Each folder is a layer:

``simulator``    an estate of servers, reached as real ones are
``catalogue``    finds the resource types
``resources``    how each resource type lives: what follows for it, its commands, its checks
``estate``       what Exchange and Lync mean to each other: topology, gateways, restarts, versions
``schema``       what each resource type is: its attributes; the facts that checks read
``cmdlets``      how a declaration becomes cmdlets, and the value types and rules that declarations use
``transport``    WinRM: from a command to its reply

    simulator > catalogue > resources > estate > schema > cmdlets > transport

Start with ``schema/exchange.py`` and ``resources/dial_plan.py``.
"""
