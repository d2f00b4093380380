"""Families of resource types, and the channels to the servers that hold them.

``exchange`` and ``lync`` declare resource types, one a file; ``transport`` speaks WinRM; ``simulator`` is an estate
that answers like the real one. They import the vocabulary of ``reconciler`` and nothing else of it.
"""
