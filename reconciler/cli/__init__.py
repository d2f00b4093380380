"""The command line. May import every other package; loads only the modules that the command needs.

Start with ``commands``. ``options`` holds the options that commands share, ``output`` writes to standard output and
standard error, ``state`` holds the commands of ``reconciler state``, ``lines`` builds commands to copy.
"""
