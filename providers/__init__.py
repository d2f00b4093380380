"""Resource types of Exchange and Lync, the ways to their servers, and a simulated estate that answers like real ones.

Imports ``reconciler.model`` and nothing else of the engine. Each folder is a layer:

``simulator``    an estate of servers, reached as real ones are
``catalogue``    finds the resource types
``resources``    one file a resource type, and the facts that checks read
``estate``       what Exchange and Lync mean to each other: topology, gateways, restarts, versions
``cmdlets``      how a declaration becomes cmdlets, and the value types and rules that declarations use
``transport``    WinRM: from a command to its reply

    simulator > catalogue > resources > estate > cmdlets > transport

Start with ``resources/dial_plan.py``.
"""
