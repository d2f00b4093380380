"""WinRM: sends commands and reads their replies, with the unmodified pywinrm client.

``settings`` the hosts to reach, and how to log on
``wire``        the messages that the runner on the server understands
``wsman/``      one shell on one host: logon, messages, faults, and which of them allow a retry
``session/``    channels and pools of shells: greeting, batches, replies, clocks of hosts
``examine/``    examines the servers for ``doctor``; changes nothing
``runner/``     the PowerShell that runs on the server, and ``bootstrap.ps1``, which starts it

Imports only ``reconciler.model``. Start with ``session/pool.py``: it implements the ports of the engine.
"""
