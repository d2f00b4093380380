"""Observed objects as the files of an environment. Pure: values in, texts out.

    describe -> render or extend -> prove

Start with ``export``: the three together. ``describe`` turns a landscape into declarations of which a plan changes
nothing, ``render`` writes them as new files, ``extend`` adds them to the files of an environment.
"""
