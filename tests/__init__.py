"""Tests of the whole project. ``make test`` runs them all; ``pytest tests/plan`` those of one package.

Where to look:

    model config plan doctor run views app cli    the packages of reconciler/, one test file a module
    providers state                               the packages beside it
    whole                                         the program over simulated servers, from files to servers and back
    laws                                          what holds for every configuration, fault and crash (Hypothesis)
    cases                                         desired + observed -> commands, as YAML; a new case needs no code
    project                                       the project itself: lock files, samples, pipelines, this mirror
    bench                                         measurements, not run with the tests (``make bench``)
    support                                       what tests share

What to test with, from the smallest to the largest; take the first that can show what you want to show:

    values alone        ``support.strategies`` draws them; ``example_*``, ``plans`` and ``landscapes`` have them ready
    ``boxes``           a toy world with a fact, a managed type and two tasks: for the engine, without the domain
    ``engine``          plans and applies over ``boxes`` and the fakes of ``fakes`` (clock, store, scheduler, sessions)
    ``trial``           an operator in virtual time: the real engine and types, a simulated estate, faults, crashes
    ``rehearsal``       an environment on disk with real state and saved plans, the estate in the same process
    ``transport_support``  a host without a network, whose messages fail as the test says
    ``winrm_server``    the simulated server on a real port; ``kdc`` adds Kerberos
    ``cli``             the command line as a process, with ``cli_child`` for chosen ports
    ``powershell_host``, ``two_hosts``  the runner in a real PowerShell, also against the interpreter

Tests enter by the ports (``reconciler.app.Ports``, ``state.machine.Machine``, parameters with a default), never by
patching (``project/test_entries.py``). They assert on codes, addresses and fields; a sentence may be rewritten.
"""
