"""The engine of reconciler. Each folder is a layer, and imports point down.

    load -> resolve -> observe -> diff -> plan -> check -> apply -> save

``cli``      commands and options of the command line; what stands on standard output and on standard error
``app``      opens an environment for one command; the only package that knows ``providers`` and ``state``
``views``    plans, drift, findings and events as text, JSON lines and logs
``run``      acts through the ports: observes, applies, retries, recovers
``export``   observed objects as the files of an environment
``plan``     desired against observed: differences, order, checks, drift, saved plans
``config``   YAML and CSV files to one frozen environment, with the place of every mistake
``doctor``   what an examination of the servers found, judged
``model``    the values that all of them share, and the ports: every door to the outside

    cli > app > views, run > export > plan, config, doctor > model

``export``, ``plan``, ``config``, ``doctor`` and ``model`` are pure: values in, values out. The world is reached only by
``Session.invoke``, memory only by ``StateStore``, time only by ``Clock`` (``model/ports.py``).

**Follow one plan**: ``app.workspace.Workspace.plan``, ``plan.build.build_plan``, ``plan.decide.decide``. **One apply**:
``run.apply.Apply``, ``run.perform.Performer``. **One resource type**: ``providers/resources/dial_plan.py``.

``providers`` and ``state`` stand beside this package and import ``reconciler.model`` alone. The docstring of each
package says what lives in it and where to start. The arrows are contracts in ``.importlinter`` and run with the
tests.
"""

__version__ = "0.2.0"
