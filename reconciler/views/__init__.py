"""Values and events as text for people and programs. A view that fails never fails a run.

May import ``plan``, ``config``, ``doctor`` and ``model``. One module for each thing that is shown: ``plan``, ``drift``,
``doctor``, ``state``, ``progress``, ``diagnostics``; ``json_lines`` and ``log_file`` write ``messages`` for programs;
``style`` and ``text`` measure and colour what the others write.
"""
