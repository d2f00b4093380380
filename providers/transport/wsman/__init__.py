"""One shell on one host over WS-Management: reaching the host, logging on, sending, and explaining failures.

May import ``settings`` and ``wire``. Start with ``shell``; ``faults`` decides whether an error allows a retry.
"""
