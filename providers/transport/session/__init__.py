"""Channels to hosts, each a conversation with one runner; pools of them implement the ports of the engine.

May import ``wsman``. Start with ``pool``, then ``channel`` and ``conversation``.
"""
