"""Values and events as text for people and programs. An error in a view never fails a run.

May import ``plan``, ``config``, ``doctor`` and ``model``. ``plan``, ``drift``, ``doctor``, ``state``, ``progress`` and
``diagnostics`` write for people; ``json_lines`` writes ``messages`` for programs and for the log. All use ``style``
(colours) and ``text`` (widths, harmless characters).
"""
