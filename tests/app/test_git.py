"""What is asked of Git: which commit files are of, and what they lack of another; and that no answer is no consent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from reconciler.app.declared import read_files
from reconciler.app.git import gap_between, source_of
from reconciler.plan.plan import Gap, Source

PIN = "policies: {pin: %d}\n"
_VARIABLES = {
    **{f"GIT_{who}_{what}": "a@contoso.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "PATH": os.environ["PATH"],
}
as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives files to another account")
with_sh = pytest.mark.skipif(os.name != "posix", reason="stands in for git with a script of sh")


@dataclass(frozen=True)
class Clone:
    """A repository with an environment in ``estate``, and another beside it."""

    top: Path

    @property
    def estate(self) -> Path:
        return self.top / "estate"

    def run(self, *arguments: str) -> str:
        command = ["git", "-c", "protocol.file.allow=always", "-C", str(self.top), *arguments]
        return subprocess.run(command, env=_VARIABLES, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, subject: str, **files: str) -> str:
        """Commit files of ``estate`` (``beside__name``: of the other environment), and return the commit."""
        for name, content in files.items():
            path = self.top / "beside" / name[8:] if name.startswith("beside__") else self.estate / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".yaml").write_text(content)
        self.run("add", "--all")
        self.run("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.run("rev-parse", "HEAD")

    def cloned(self, folder: Path, *options: str) -> Clone:
        self.run("clone", "--quiet", *options, self.top.as_uri(), str(folder))
        return Clone(folder)

    def source(self) -> Source:
        return source_of(self.estate, read_files(self.estate).contents)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("template") / "repository")
    clone.top.mkdir()
    clone.run("init", "--quiet", "--initial-branch", "main")
    clone.commit("first", env=PIN % 8, users="users: []\n")
    return clone


@pytest.fixture
def clone(template: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return Clone(Path(shutil.copytree(template.top, tmp_path / "repository")))


# --- which commit ----------------------------------------------------------------------------------------------------


def test_files_as_committed_are_of_the_commit(clone: Clone) -> None:
    head = clone.run("rev-parse", "HEAD")
    assert clone.source() == Source(head, has_git=True)
    assert str(clone.source()) == f"commit {head[:12]}"
    clone.run("checkout", "--quiet", "--detach")
    assert clone.source().commit == head


def test_a_directory_outside_git_is_of_no_commit_and_that_is_said(tmp_path: Path) -> None:
    assert source_of(tmp_path, {}) == Source()
    assert str(Source()) == "not in Git (older files cannot be detected)"


def test_a_repository_without_commits_is_no_trouble(clone: Clone) -> None:
    clone.run("checkout", "--quiet", "--orphan", "empty")
    assert clone.source() == Source(has_git=True)
    assert str(clone.source()) == "no commit yet"


EDITS: dict[str, Callable[[Clone], object]] = {
    "env.yaml": lambda clone: (clone.estate / "env.yaml").write_text(PIN % 9),
    "users.yaml": lambda clone: (clone.estate / "users.yaml").unlink(),
    "new/more.csv": lambda clone: clone.commit("x") and _written(clone.estate / "new" / "more.csv", "a,b\n"),
    "ignored.csv": lambda clone: (
        _written(clone.top / ".gitignore", "ignored.csv\n"),
        clone.commit("y"),
        _written(clone.estate / "ignored.csv", "a\n"),
    ),
    "staged.yaml": lambda clone: (_written(clone.estate / "staged.yaml", "a: 1\n"), clone.run("add", "--all")),
}


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", EDITS)
def test_what_is_not_as_in_the_commit_is_named(clone: Clone, name: str) -> None:
    EDITS[name](clone)
    found = clone.source()
    assert (found.commit, found.uncommitted) == (clone.run("rev-parse", "HEAD"), (name,))
    assert str(found).endswith(f"with uncommitted changes in {name}")


def test_what_no_environment_reads_is_no_uncommitted_change(clone: Clone) -> None:
    for name in (".reconciler/world.json", "README.md", ".hidden/a.yaml"):
        _written(clone.estate / name, "x\n")
    _written(clone.top / "beside" / "env.yaml", "x: 1\n")
    assert clone.source().uncommitted == ()


def test_files_that_a_checkout_converts_are_as_committed(clone: Clone) -> None:
    content = b"a,b\r\n"
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content).hexdigest()}\nsize 5\n"
    _written(clone.estate / "large.csv", pointer)
    clone.commit("kept apart")
    (clone.estate / "large.csv").write_bytes(content)
    (clone.estate / "env.yaml").write_bytes((PIN % 8).replace("\n", "\r\n").encode())
    assert clone.source().uncommitted == ()


@pytest.mark.skipif(os.name != "posix", reason="makes symbolic links")
def test_a_link_is_compared_by_where_it_leads(clone: Clone) -> None:
    (clone.estate / "link.yaml").symlink_to("env.yaml")
    clone.commit("link")
    assert clone.source().uncommitted == ()
    (clone.estate / "link.yaml").unlink()
    (clone.estate / "link.yaml").symlink_to("users.yaml")
    assert clone.source().uncommitted == ("link.yaml",)


def test_worktrees_sparse_checkouts_and_submodules_are_read(clone: Clone, tmp_path: Path) -> None:
    head = clone.run("rev-parse", "HEAD")
    clone.run("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"))
    assert Clone(tmp_path / "tree").source() == Source(head, has_git=True)
    clone.run("status")  # the copy is not taken for edited
    clone.run("sparse-checkout", "set", "--no-cone", "/estate/env.yaml")
    assert clone.source() == Source(head, ("users.yaml",), has_git=True), "what is missing is not as in the commit"
    outer = Clone(tmp_path / "outer")
    outer.estate.mkdir(parents=True)
    outer.run("init", "--quiet")
    outer.run("submodule", "add", "--quiet", str(clone.top), "estate/inner")
    outer.run("commit", "--quiet", "--message", "inner")
    assert outer.source() == Source(outer.run("rev-parse", "HEAD"), has_git=True)
    (outer.estate / "inner" / "estate" / "env.yaml").write_text(PIN % 9)
    assert outer.source().uncommitted == ("inner/estate/env.yaml",)
    assert Clone(outer.estate / "inner").source().commit == head


def test_variables_of_a_hook_name_another_repository(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count only for files that lie in none, and that the repository has."""
    head = clone.run("rev-parse", "HEAD")
    apart = Clone(tmp_path / "apart")
    shutil.copytree(clone.estate, apart.estate)
    monkeypatch.setenv("GIT_DIR", str(clone.top / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(apart.top))
    assert apart.source() == Source(head, has_git=True)
    assert source_of(tmp_path, {"other.yaml": b""}).trouble is not None, "it is not below GIT_WORK_TREE"
    monkeypatch.delenv("GIT_WORK_TREE")
    assert apart.source() == Source(), "without it the repository begins at the directory, and has no such files"
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert clone.source() == Source(head, has_git=True)


# --- no answer -------------------------------------------------------------------------------------------------------


def planted_bare(clone: Clone) -> None:
    """Put a repository without files of its own among the files, as a branch can."""
    shutil.copytree(clone.top / ".git", clone.estate, dirs_exist_ok=True)
    (clone.estate / "config").write_text("[core]\nrepositoryformatversion = 0\nbare = true\n")


def moved_tree(clone: Clone) -> None:
    (clone.top / "elsewhere").mkdir()
    clone.run("config", "core.worktree", str(clone.top / "elsewhere"))


UNREADABLE: dict[str, Callable[[Clone], object]] = {
    "empty": lambda clone: (clone.estate / ".git").mkdir(),
    "leads nowhere": lambda clone: (clone.estate / ".git").write_text("gitdir: /nowhere\n"),
    "no file of git": lambda clone: (clone.estate / ".git").write_text("x"),
    "broken head": lambda clone: (clone.top / ".git" / "HEAD").write_text("x"),
    "commit lost": lambda clone: shutil.rmtree(clone.top / ".git" / "objects" / clone.run("rev-parse", "HEAD")[:2]),
    "planted among the files": planted_bare,
    "files elsewhere": moved_tree,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_repository_that_gives_no_answer_is_trouble(clone: Clone, name: str) -> None:
    UNREADABLE[name](clone)
    found = clone.source()
    assert found.trouble is not None
    assert (found.commit, found.has_git) == (None, True)
    assert gap_between(clone.estate, "1" * 40, "2" * 40).trouble is not None


@as_root
def test_a_repository_of_another_account_is_trouble_and_git_says_what_to_do(clone: Clone) -> None:
    for path in (clone.top, clone.top / ".git"):
        os.chown(path, 12345, -1)
    found = clone.source().trouble
    assert found is not None
    assert "ownership" in found.reason or "owned by someone else" in found.reason
    assert f"git config --global --add safe.directory {clone.top}" in found.remedy


def test_without_git_on_the_path_a_repository_is_trouble(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = clone.source()
    assert found.trouble is not None
    assert found.trouble.remedy == "Install git."
    assert source_of(tmp_path, {}) == Source(), "where there is no repository, none is missed"


@with_sh
@pytest.mark.parametrize("does", ["exec sleep 60", "exit 7", "kill -9 $$", "echo; echo", "exec /nowhere"])
def test_a_git_that_fails_or_hangs_is_trouble(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    program = _written(tmp_path / "bin" / "git", f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert source_of(clone.estate, {}, 0.2).trouble is not None


# --- two commits -----------------------------------------------------------------------------------------------------


def gap(clone: Clone, commit: str | None, applied: str) -> Gap:
    return gap_between(clone.estate, commit, applied)


def test_files_lack_nothing_of_an_older_commit_and_all_of_a_newer(clone: Clone) -> None:
    one = clone.run("rev-parse", "HEAD")
    clone.commit("raise the length", env=PIN % 10)
    two = clone.commit("raise it again: \x1b[31m", env=PIN % 12)
    assert gap(clone, two, one) == gap(clone, two, two) == Gap()
    older = gap(clone, one, two)
    assert (older.is_parallel, older.trouble) == (False, None)
    assert [line.partition(" ")[2] for line in older.commits] == ["raise it again: \x1b[31m", "raise the length"]
    assert older.remedy.endswith(f"git -C {clone.estate} merge {two}")
    assert gap(clone, None, two).commits, "files of no commit lack every commit"


def test_a_commit_beside_the_other_lacks_what_only_that_has(clone: Clone) -> None:
    clone.run("checkout", "--quiet", "-b", "left")
    left = clone.commit("left", env=PIN % 9)
    clone.run("checkout", "--quiet", "-b", "right", "main")
    right = clone.commit("right", users="users: [a]\n")
    found = gap(clone, right, left)
    assert found.is_parallel
    assert [line.partition(" ")[2] for line in found.commits] == ["left"]
    clone.run("merge", "--quiet", "--no-edit", "left")
    assert gap(clone, clone.run("rev-parse", "HEAD"), left) == Gap(), "the remedy helps"
    assert gap(clone, right, clone.run("rev-parse", "HEAD")).commits, "and what was merged is newer now"


def test_what_changes_another_environment_of_the_repository_is_not_lacked(clone: Clone) -> None:
    one = clone.run("rev-parse", "HEAD")
    two = clone.commit("other", beside__env="x: 1\n")
    clone.run("checkout", "--quiet", "-b", "side", one)
    beside = clone.commit("side", beside__more="y: 1\n")
    assert gap(clone, one, two) == gap(clone, beside, two) == Gap()


def test_a_change_that_was_squashed_or_rebased_is_not_lacked(clone: Clone) -> None:
    clone.run("checkout", "--quiet", "-b", "branch")
    clone.commit("half", env=PIN % 9)
    applied = clone.commit("whole", env=PIN % 10)
    clone.run("checkout", "--quiet", "main")
    clone.commit("elsewhere", beside__env="x: 1\n")
    before = clone.run("rev-parse", "HEAD")
    squashed = clone.commit("half and whole", env=PIN % 10)
    later = clone.commit("later", env=PIN % 11)
    assert gap(clone, squashed, applied) == gap(clone, later, applied) == Gap()
    assert gap(clone, before, applied).is_parallel


def test_an_environment_whose_directory_was_renamed_lacks_what_was_applied_of_the_old_one(clone: Clone) -> None:
    clone.run("checkout", "--quiet", "-b", "branch")
    clone.run("mv", "estate", "renamed")
    renamed = clone.commit("rename", beside__x="x: 1\n")
    clone.run("checkout", "--quiet", "main")
    applied = clone.commit("raise", env=PIN % 10)
    clone.run("checkout", "--quiet", "branch")
    found = gap_between(clone.top / "renamed", renamed, applied)
    assert [line.partition(" ")[2] for line in found.commits] == ["raise"]
    clone.run("merge", "--quiet", "--no-edit", applied)
    assert gap_between(clone.top / "renamed", clone.run("rev-parse", "HEAD"), applied) == Gap(), "the remedy helps"


def test_what_a_newer_commit_took_back_counts_as_its_change(clone: Clone) -> None:
    """Its content was there before, which does not make the commit between them newer."""
    between = clone.commit("raise", env=PIN % 10)
    back = clone.commit("back", env=PIN % 8)
    assert [line.partition(" ")[2] for line in gap(clone, between, back).commits] == ["back"]


def test_a_commit_that_the_clone_lacks_is_trouble(clone: Clone) -> None:
    head = clone.run("rev-parse", "HEAD")
    for commit, applied in ((head, "1" * 40), ("1" * 40, head), (None, "1" * 40)):
        found = gap(clone, commit, applied).trouble
        assert found is not None
        assert "111111111111" in found.reason
        assert f"git -C {clone.estate} fetch origin 1111" in found.remedy


def test_a_shallow_clone_answers_what_it_has_and_no_more(clone: Clone, tmp_path: Path) -> None:
    one = clone.run("rev-parse", "HEAD")
    two = clone.commit("two", env=PIN % 9)
    three = clone.commit("three", env=PIN % 10)
    shallow = clone.cloned(tmp_path / "shallow", "--depth", "2")
    assert shallow.source() == Source(three, has_git=True)
    assert gap(shallow, three, two) == Gap()
    assert gap(shallow, two, three).commits
    for commit, applied in ((three, one), (one, three)):
        found = gap(shallow, commit, applied).trouble
        assert found is not None
        assert "shallow" in found.reason
        assert f"git -C {shallow.estate} fetch --unshallow" in found.remedy
    shallow.run("fetch", "--quiet", "--unshallow")
    assert gap(shallow, three, one) == Gap(), "the remedy helps"


def test_two_shallow_histories_that_do_not_meet_are_trouble(clone: Clone, tmp_path: Path) -> None:
    clone.run("checkout", "--quiet", "-b", "side")
    side = clone.commit("side", env=PIN % 9)
    clone.run("checkout", "--quiet", "main")
    ours = clone.commit("main", env=PIN % 10)
    shallow = clone.cloned(tmp_path / "shallow", "--depth", "1", "--no-single-branch", "--branch", "main")
    found = gap(shallow, ours, side).trouble
    assert found is not None
    assert "shallow" in found.reason


def test_ancestry_is_what_the_commits_say(clone: Clone) -> None:
    """Not what was grafted or replaced in one clone."""
    one = clone.run("rev-parse", "HEAD")
    two = clone.commit("two", env=PIN % 9)
    clone.run("replace", one, two)
    _written(clone.top / ".git" / "info" / "grafts", f"{one} {two}\n")
    assert gap(clone, one, two).commits


def test_a_partial_clone_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    clone.run("config", "uploadpack.allowFilter", "true")
    partial = clone.cloned(tmp_path / "partial", "--filter=tree:0", "--no-checkout")
    shutil.copytree(clone.estate, partial.estate)
    clone.top.rename(tmp_path / "away")
    mark = tmp_path / "mark"
    partial.run("config", "remote.origin.url", f"ext::sh -c 'touch {mark}'")
    partial.run("config", "protocol.ext.allow", "always")
    assert partial.source().trouble is not None
    assert not mark.exists()


def test_a_place_without_git_cannot_look_a_commit_up(tmp_path: Path) -> None:
    found = gap_between(tmp_path, "1" * 40, "2" * 40).trouble
    assert found is not None
    assert "--dir" in found.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="a name of bytes that are no text")
def test_names_that_are_no_text_are_reported_alike(clone: Clone) -> None:
    path = os.fsencode(clone.estate) + b"/caf\xe9.yaml"
    Path(os.fsdecode(path)).write_text("a: 1\n")
    assert clone.source().uncommitted == ("caf\\udce9.yaml",)
    clone.commit("name")
    assert clone.source().uncommitted == ()
