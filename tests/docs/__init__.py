"""Writes the parts of the pages in ``docs/`` that the code knows, and checks that they are up to date: ``make docs``.

A page may hold blocks between two comments; ``pages`` replaces what stands between them. Each other module makes the
text of some blocks: ``resource_types``, ``checks``, ``world_file`` and ``command_line``. ``published_schemas`` makes
the JSON Schemas of messages and saved plans. ``test_pages`` and ``test_published_schemas`` fail where
``python -m tests.docs`` would write something else.
"""
