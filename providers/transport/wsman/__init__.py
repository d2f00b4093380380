"""One shell on one host over WS-Management: reaching the host, logging on, sending, and naming what went wrong.

May import ``settings`` and ``wire``. Start with ``shell``; ``faults`` decides what an error means for a retry.
"""
