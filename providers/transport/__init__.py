"""WinRM: from a command to its reply, over the unmodified pywinrm client.

``settings``    whom to reach, and how to log on
``wire``        the messages that the runner on the server understands
``wsman/``      one shell on one host: logon, messages, faults and what each means for a retry
``session/``    channels and pools of shells: greeting, batches, replies, clocks of hosts
``examine/``    examines the servers for ``doctor``; changes nothing
``runner/``     the PowerShell that runs on the server, and ``bootstrap.ps1``, which starts it

Imports ``reconciler.model`` alone. Start with ``session/pool.py``: it implements the ports of the engine.
"""
