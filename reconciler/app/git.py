"""Asks Git for the commit of an environment's files, and for the changes of another commit that they lack.

The repository may be untrusted. So these commands read objects and refs only: no index, no working tree, no network, no
hook, filter, pager or program from the repository's configuration. To compare a file with the commit, this module
hashes the loaded bytes as Git does; ``git status`` would run filters and read the files again.

A directory is in Git where ``.git`` exists in it or above it, or where ``GIT_DIR`` names its repository. There, every
failure is *trouble*, which differs from "no Git".
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from reconciler.app.surroundings import find_program, is_within, untrusted_folders, variables_of_child
from reconciler.config.source_text import is_read
from reconciler.plan.plan import Gap, Source, Trouble

_INHERITED: Final = (
    "COMSPEC",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "LD_LIBRARY_PATH",
    "PATH",
    "PATHEXT",
    "PROGRAMDATA",
    "SUDO_UID",
    "SYSTEMROOT",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
)
"""The variables that git needs, with ``GIT_CONFIG*``.

Under sudo, git trusts a repository of ``SUDO_UID``. git gets no other variable, because the variables of this process
hold passwords.
"""
_NAMING_FILES: Final = ("GIT_CONFIG", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")
"""Git inherits these too, unless they name a path in an untrusted folder."""
_OF_A_REPOSITORY: Final = (
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_WORK_TREE",
)
"""Paths that a hook has for its own repository, which may differ from the repository of the directory."""
_ALWAYS: Final = {
    "GIT_ALLOW_PROTOCOL": "",  # a partial clone fetches nothing
    "GIT_DISCOVERY_ACROSS_FILESYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,  # ancestry is what the commits say
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_SETTINGS: Final = (
    "advice.graftFileDeprecated=false",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.sshCommand=false",
    "i18n.logOutputEncoding=UTF-8",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
)
LONGEST_SECONDS: Final = 10.0
_COMMITS_NAMED: Final = 50
_COMMITS_SEARCHED: Final = 1_000
_LINK, _SUBMODULE = "120000", "160000"


def source_of(directory: Path, contents: Mapping[str, bytes], longest_seconds: float = LONGEST_SECONDS) -> Source:
    """Return the commit that the files of ``directory`` belong to.

    Args:
        contents: the loaded files, by relative name.
        longest_seconds: the time limit of one git command.
    """
    try:
        git = _repository_of(directory, longest_seconds)
        if git is None:
            return Source()
        commit = git.head()
        if commit is None:
            return Source(has_git=True)
        tracked = dict(git.files_of(commit))
        if not git.holds_directory and tracked.keys().isdisjoint(contents):
            return Source()
        return Source(commit, git.differing(tracked, contents), has_git=True)
    except _NoAnswer as error:
        return Source(trouble=error.trouble, has_git=True)


def gap_between(directory: Path, commit: str | None, applied: str) -> Gap:
    """Return the changes of the commit ``applied`` that files of ``commit`` lack; None: they belong to no commit."""
    try:
        git = _repository_of(directory)
        if git is None:
            reason = f"{directory} is not in a Git repository, so Git cannot find commit {applied[:12]}."
            return Gap(trouble=Trouble(reason, "Use --dir to give the directory of the environment in a clone."))
        return git.gap(commit, applied)
    except _NoAnswer as error:
        return Gap(trouble=error.trouble)


def committed_at(directory: Path, name: str) -> tuple[str, ...] | Trouble:
    """Return the files of the current commit at ``name`` or below it, or why Git gives no answer."""
    try:
        git = _repository_of(directory)
        commit = git.head() if git is not None else None
        if git is None or commit is None:
            return ()
        return tuple(file for file, _ in git.files_of(commit) if f"{file}/".startswith(f"{name}/"))
    except _NoAnswer as error:
        return error.trouble


class _NoAnswer(Exception):
    """Git gives no answer."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.trouble = Trouble(reason, remedy)


# --- the repository --------------------------------------------------------------------------------------------------


def _repository_of(directory: Path, longest_seconds: float = LONGEST_SECONDS) -> _Repository | None:
    """Return the repository of the files in ``directory``; None where there is none."""
    directory = directory.resolve()
    above = next((one for one in (directory, *directory.parents) if os.path.lexists(one / ".git")), None)
    strangers = untrusted_folders(directory)
    variables = {**variables_of_child(os.environ, partial(_is_inherited, strangers), strangers), **_ALWAYS}
    if above is None:
        if not os.environ.get("GIT_DIR"):
            return None
        variables |= {"GIT_WORK_TREE": str(directory), **_named_by_variables()}
    found = _Repository(
        directory, directory, _program(strangers), variables, longest_seconds, holds_directory=above is not None
    )
    top = Path(os.fsdecode(found.ask("rev-parse", "--show-toplevel").removesuffix(b"\n"))).resolve()
    if not directory.is_relative_to(top) or above not in (None, top):
        raise _NoAnswer(f"The Git repository of {directory} has its work tree in {top}.")
    return replace(found, top=top)


def _is_inherited(strangers: Sequence[Path], name: str) -> bool:
    if name in _NAMING_FILES:
        return not is_within(os.environ[name], strangers)
    return name in _INHERITED or name.startswith("GIT_CONFIG")


def _named_by_variables() -> dict[str, str]:
    return {name: os.path.abspath(os.environ[name]) for name in _OF_A_REPOSITORY if os.environ.get(name)}


def _program(strangers: Sequence[Path]) -> str:
    found = find_program("git", os.environ.get("PATH", os.defpath), strangers)
    if found is None:
        raise _NoAnswer("git was not found on the PATH.", "Install git.")
    return found


@dataclass(frozen=True, slots=True)
class _Repository:
    """A Git repository, queried from one directory."""

    directory: Path
    top: Path
    """The root of the work tree: the directory or one above it."""
    program: str
    variables: Mapping[str, str]
    longest_seconds: float
    holds_directory: bool
    """True where the directory lies in the repository; False where GIT_DIR names it."""

    # the files of a commit

    def head(self) -> str | None:
        """Return the current commit; None before the first commit."""
        code, output, _ = self._run("rev-parse", "--verify", "--quiet", "HEAD")
        return output.decode("ascii").strip() if code == 0 else None

    def files_of(self, commit: str, folder: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield the name, mode and id of each file of a commit in the directory, with those of submodules."""
        for line in self.ask("ls-tree", "-r", "-z", commit, folder=folder).split(b"\0")[:-1]:
            fields, _, name = line.partition(b"\t")
            mode, _, identifier = fields.decode("ascii").split()
            path = folder + os.fsdecode(name).encode("utf-8", "backslashreplace").decode("utf-8")
            if mode != _SUBMODULE:
                yield path, (mode, identifier)
            elif os.path.lexists(self.directory / path / ".git"):
                yield from self.files_of(identifier, f"{path}/")

    def differing(self, tracked: Mapping[str, tuple[str, str]], contents: Mapping[str, bytes]) -> tuple[str, ...]:
        """Return the names of files that differ from the commit."""
        names = {name for name in tracked if is_read(name)} | contents.keys()
        return tuple(sorted(name for name in names if not self._is_as_in(tracked.get(name), name, contents.get(name))))

    def _is_as_in(self, tracked: tuple[str, str] | None, name: str, content: bytes | None) -> bool:
        path = self.directory / name
        if tracked is None or content is None or (tracked[0] == _LINK) != path.is_symlink():
            return False
        stored = os.fsencode(path.readlink()) if path.is_symlink() else content
        return tracked[1] in _ids(stored, len(tracked[1]))

    # two commits

    def gap(self, commit: str | None, applied: str) -> Gap:
        """Return the changes of ``applied`` that ``commit`` lacks."""
        for one in (applied, commit):
            if one is not None and self._run("cat-file", "-e", f"{one}^{{commit}}")[0]:
                raise self._lacking(one)
        if commit is not None and self._is_ancestor(applied, of=commit):
            return Gap()
        is_parallel = commit is not None and not self._is_ancestor(commit, of=applied)
        if is_parallel and self._is_shallow():
            raise _NoAnswer(
                "This clone is shallow and ends before the common ancestor of the two commits.", self._deepen()
            )
        missing = self._changes(applied, commit)
        if not missing or (commit is not None and is_parallel and self._had_content(commit, applied)):
            return Gap()
        remedy = f"Update the files:\n\n    git -C {self._place} merge {applied}"
        return Gap(missing, is_parallel, remedy=remedy)

    def _changes(self, of: str, without: str | None) -> tuple[str, ...]:
        """Return the commits of ``of`` that changed the environment and are not in ``without``, with their subjects.

        Where ``of`` has no files in this directory, the environment was elsewhere: then all its commits count.
        """
        where = "." if any(is_read(name) for name, _ in self.files_of(of)) else ":/"
        output = self._commits(of, without, _COMMITS_NAMED, "--format=%h %s", where=where)
        lines = output.decode("utf-8", "replace").splitlines()
        return tuple(line for line in lines if not line.startswith("commit "))

    def _had_content(self, commit: str, applied: str) -> bool:
        """True where a commit only in ``commit`` has the same directory as ``applied``: squashed or rebased."""
        inside = self.directory.relative_to(self.top).as_posix().removeprefix(".")
        own = self._commits(commit, applied, _COMMITS_SEARCHED).decode("ascii").split()
        wanted = "".join(f"{one}:{inside}\n" for one in (applied, *own))
        trees = self.ask("cat-file", "--batch-check=%(objectname)", given=wanted).splitlines()
        return trees[0] in trees[1:]

    def _commits(self, of: str, without: str | None, limit: int, *options: str, where: str = ".") -> bytes:
        excluded = () if without is None else (f"^{without}",)
        return self.ask("rev-list", f"--max-count={limit}", *options, of, *excluded, "--", where)

    def _is_ancestor(self, commit: str, *, of: str) -> bool:
        code, _, complaint = self._run("merge-base", "--is-ancestor", commit, of)
        if code not in (0, 1):
            raise self._refused(complaint)
        return code == 0

    def _lacking(self, commit: str) -> _NoAnswer:
        if self._is_shallow():
            return _NoAnswer(f"This clone is shallow and does not have commit {commit[:12]}.", self._deepen())
        reason = f"This clone does not have commit {commit[:12]}. It was never fetched, or the history was rewritten."
        return _NoAnswer(reason, f"Fetch it, where it still exists:\n\n    git -C {self._place} fetch origin {commit}")

    def _is_shallow(self) -> bool:
        return self.ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def _deepen(self) -> str:
        pipelines = "In a pipeline, set fetch-depth: 0 (GitHub) or GIT_DEPTH: 0 (GitLab)"
        return f"{pipelines}. Otherwise fetch the whole history:\n\n    git -C {self._place} fetch --unshallow"

    @property
    def _place(self) -> str:
        return shlex.quote(str(self.directory))

    # running git

    def ask(self, *arguments: str, folder: str = "", given: str = "") -> bytes:
        """Return the output of git. Raises _NoAnswer where git fails."""
        code, output, complaint = self._run(*arguments, folder=folder, given=given)
        if code:
            raise self._refused(complaint)
        return output

    def _run(self, *arguments: str, folder: str = "", given: str = "") -> tuple[int, bytes, bytes]:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        try:
            done = subprocess.run(
                [self.program, "--no-pager", *settings, "-C", str(self.directory / folder), *arguments],
                env=self.variables,
                input=os.fsencode(given),
                capture_output=True,
                timeout=self.longest_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _NoAnswer(f"git did not answer within {self.longest_seconds:.0f} s.") from None
        except OSError as error:
            raise _NoAnswer(f"{self.program} cannot be started: {error.strerror}.") from error
        return done.returncode, done.stdout, done.stderr

    def _refused(self, complaint: bytes) -> _NoAnswer:
        lines = complaint.decode("utf-8", "replace").splitlines()
        said = next((line for line in lines if line.startswith(("fatal:", "error:"))), "it failed without a message")
        trust = next((line.strip() for line in lines if "git config --global --add safe.directory" in line), "")
        return _NoAnswer(f"git reported: {said}.", f"If you trust the repository:\n\n    {trust}" if trust else "")


def _ids(content: bytes, digits: int) -> Iterator[str]:
    """Yield the possible Git ids of these bytes: unchanged, with converted line ends, and as an LFS pointer."""
    kind = hashlib.sha256 if digits == 64 else hashlib.sha1
    kept = f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(content).hexdigest()}\n"
    for stored in (content, content.replace(b"\r\n", b"\n"), f"{kept}size {len(content)}\n".encode("ascii")):
        yield kind(b"blob %d\0" % len(stored) + stored).hexdigest()
