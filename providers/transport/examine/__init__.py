"""Examines the servers for ``reconciler doctor`` and changes nothing.

May import ``session``. Start with ``examination``.
"""
