"""The command line. May import everything below it; loads as little as the command needs.

Start with ``commands``. ``options`` reads what all commands share, ``output`` decides what goes to standard output and
what to standard error, ``state`` holds the commands below ``reconciler state``.
"""
