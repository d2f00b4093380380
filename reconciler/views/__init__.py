"""Values and events as text for people and programs. An error in a view never fails a run.

May import ``plan``, ``config``, ``doctor`` and ``model``. ``plan``, ``drift``, ``doctor``, ``state``, ``progress`` and
``diagnostics`` write for people; ``json_lines`` and ``log_file`` write ``messages`` for programs. All use ``style``
(colours) and ``text`` (widths, harmless characters).
"""
