"""The engine of reconciler. The file list of this package reads as the pipeline; this is the tour.

    load -> resolve -> observe -> diff -> plan -> check -> apply -> save

**Start** with ``plan.py`` and ``resource.py``: what a plan is, and what a resource type tells about itself. Then follow
one plan: ``app.Workspace.plan``, ``build_plan.build_plan``, ``decide.decide``; and one apply: ``apply.Apply``,
``perform.Performer``. ``providers/exchange/dial_plan.py`` shows a resource type whole.

**Vocabulary**, which all may import and which imports nothing else of ours: ``values`` (addresses, commands, records),
``diagnostics`` and ``errors`` (what is told, what stops), ``snapshot`` (what the state holds), ``resource`` (types,
actions, the landscape), ``ports`` (session, store, clock, random, scheduler: every door to the outside), ``events``,
``findings`` (what an examination of the servers tells), ``surroundings`` (what may reach a command from where it runs),
``approved_hosts`` (who a secret may be shown to).

**Core**, pure functions over frozen values: no clock, random, environment, network.

* load: ``source_text``, ``redaction``, ``yaml_reader``, ``csv_reader``, ``declarations``, ``connections``, ``trust``,
  ``schema``, and ``environment``, which puts them together; ``environment_files`` alone opens files
* resolve: ``resolve``; ``files_alone`` tells what contradicts itself already there
* diff and plan: ``diff``, ``decide``, ``selection``, ``leave_out``, ``graph``, ``stages``, ``build_plan``, ``plan``;
  what moves between objects: ``exchanges`` (over ``claims`` of the vocabulary), ``leavers``, ``unlinking``,
  ``open_values`` (who brings what a plan leaves open)
* check: ``checks`` (the rules of the types), ``budgets`` (how much may go), ``admission`` (what forbids a plan)
* a saved plan: ``plan_file``, ``plan_json``, ``plan_reading``, bound by ``binding`` and ``commits``; drawn:
  ``plan_graph``
* ``drift``: desired, last applied and observed, three ways; ``accept`` and ``accept_rows`` (what to write instead)
* ``verdict``: why an effect is not seen
* ``doctor``, ``doctor_rules``, ``doctor_clocks``: what an examination saw, judged; ``needs``: which cmdlets, where

**Shell**, which acts through the ports: ``observe`` (bulk reads), ``apply`` (walks the graph), ``perform`` (one step:
intent, send, read back) with ``foregone``, ``journal``, ``sent``, ``waiting`` and ``second_look``, ``settled`` (what
needs no command), ``world`` (what the steps of a run know together), ``recover`` (what an interrupted run left),
``retry`` (the one place that tries again), ``examine`` (how the servers are reached, changing nothing), ``system``
(the real clock, random, threads and signals).

**Views**, events and values to text: ``plan_text`` with ``plan_entries``, ``drift_text``, ``doctor_text``,
``state_text``, ``diagnostic_text``, ``obligation_text``, ``value_text``; ``progress`` (``progress_board``, ``pace``);
``json_lines``, ``state_json``, ``log_file``; ``style``, ``text``, ``shell_text`` under them; ``terminal`` gathers them.

**Edge**: ``__main__`` starts ``cli`` (with ``cli_state``; ``cli_lines``, ``cli_options``, ``output``), which calls
``app``: ``workspace`` with ``declared``, ``trusted``, ``server_connections``, ``saved_plans``, ``commit_lineage`` and
``private_files``; ``rivals`` (other runs, looked at first); ``simulated_world``. Only ``app`` knows ``providers`` and
``state``, which import the vocabulary alone and not each other. Beside it stand its helps: ``git``,
``secret_references``, ``simulator_process``, ``state_commands``. The arrows are contracts in ``pyproject.toml`` and
run with the tests.
"""

__version__ = "0.1.0"
