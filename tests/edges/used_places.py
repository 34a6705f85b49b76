"""What an agent can leave in its worktree, and a description of one in which nothing of that may be seen."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

_CONFLICT = """git checkout -q -b side-$$; echo side > file-0.txt; git commit -qam side
git checkout -q -; echo ours > file-0.txt; git commit -qam ours"""
_COMMIT = "git add -A; git commit -qm mine"

#: Name → what an agent does in its worktree, for `bash -e`. `$OWN` is the worktree's own folder in the repository.
HABITS = {
    # The index.
    "assume-unchanged": "git update-index --assume-unchanged file-0.txt; echo mine > file-0.txt",
    "skip-worktree": "git update-index --skip-worktree file-0.txt; echo mine > file-0.txt",
    "skip-worktree and gone": "git update-index --skip-worktree dir/deep.txt; rm dir/deep.txt",
    "intent to add": "echo new > new.txt; git add -N new.txt",
    "staged": "echo new > new.txt; echo more >> file-1.txt; git add -A; git rm -q --cached file-2.txt",
    "executable in the index": "git update-index --chmod=+x file-0.txt",
    "sparse cone": "git sparse-checkout set --cone dir",
    "sparse patterns": "git sparse-checkout set --no-cone '/*' '!/dir'",
    "sparse index": "git sparse-checkout set --cone --sparse-index dir",
    "form of the index": "git update-index --split-index --untracked-cache --index-version 4",
    "no index": 'rm "$OWN/index" file-0.txt',
    "an index that is none": 'echo rubbish > "$OWN/index"',
    # What git keeps of a worktree.
    "configuration": "setting core.hooksPath .hooks; setting alias.x y",
    "autocrlf": "setting core.autocrlf true; rm file-0.txt; git checkout file-0.txt",
    "no modes of files": "setting core.fileMode false; chmod +x file-0.txt",
    "ignores of its own": "setting core.excludesFile ../mine; echo '*.new' > ../mine; echo x > x.new",
    "refs of the worktree": "git update-ref refs/worktree/mine HEAD; git update-ref refs/bisect/bad HEAD",
    "refs being rewritten": "git update-ref refs/rewritten/onto HEAD",
    "another branch": f"git checkout -q -b own-$$; echo mine > own.txt; {_COMMIT}",
    "no branch": f"git checkout -q --detach; echo mine > own.txt; {_COMMIT}",
    "no commit": "git checkout -q --orphan own-$$; git rm -rqf .; echo mine > own.txt",
    "locks": 'cd "$OWN"; touch index.lock HEAD.lock ORIG_HEAD.lock config.worktree.lock',
    "messages": 'cd "$OWN"; echo x | tee COMMIT_EDITMSG MERGE_MSG SQUASH_MSG FETCH_HEAD ORIG_HEAD AUTO_MERGE',
    "files of tools": 'cd "$OWN"; mkdir -p info lfs/tmp hooks; echo x | tee info/exclude hooks/pre-commit mine',
    "a spelling of .git": "sed -i 's,gitdir: /,gitdir: //,' .git; chmod 600 .git",
    # What git is in the middle of.
    "merge": f"{_CONFLICT}; ! git merge side-$$",
    "merge with autostash": f"{_CONFLICT}; echo stash >> file-1.txt; ! git merge --autostash side-$$",
    "rebase": f"{_CONFLICT}; ! git rebase side-$$",
    "rebase with autostash": f"{_CONFLICT}; echo stash >> file-1.txt; ! git rebase --autostash side-$$",
    "rebase by patches": f"{_CONFLICT}; ! git rebase --apply side-$$",
    "rebase that waits": "git commit -q --allow-empty -m a; GIT_SEQUENCE_EDITOR='sed -i 1ibreak' git rebase -qi HEAD^",
    "am": f"{_CONFLICT}; git format-patch -q -1 side-$$ -o ../patches; ! git am ../patches/*",
    "cherry-pick": f"{_CONFLICT}; ! git cherry-pick side-$$",
    "cherry-pick of many": f"{_CONFLICT}; git commit -q --allow-empty -m more; ! git cherry-pick side-$$ HEAD",
    "revert": "echo a >> file-0.txt; git commit -qam a; echo b >> file-0.txt; git commit -qam b; ! git revert HEAD^",
    "bisect": "git commit -q --allow-empty -m a; git bisect start HEAD HEAD^",
    "notes": "git notes add -m a HEAD; git notes --ref=o add -m b HEAD; ! git notes merge -s manual o",
    # Files.
    "modes of files": "chmod 600 file-0.txt; chmod 777 file-1.txt; chmod u+s file-2.txt",
    "modes of folders": "chmod 700 dir; chmod 1777 .; mkdir -p empty/er",
    "nothing may be written": "chmod a-w dir dir/deep.txt; mkdir shut; echo x > shut/x; chmod a-w shut",
    "nothing may be read": "mkdir dark; echo x > dark/x; chmod 0 dark file-0.txt",
    "untracked": "mkdir -p new/er; echo x > new/er/x; echo y > y; ln -s /etc/passwd p; ln -s none d; mkfifo pipe",
    "odd names": "echo x > $'new\\nline'; echo x > -q; echo x > 'sp ace '; mkdir '*'; echo x > '*/[x]'",
    "a name that is no text": "echo x > \"$(printf 'latin-\\344')\"",
    "a file for a folder": "rm -r dir; echo x > dir",
    "a folder for a file": "rm file-0.txt; mkdir file-0.txt; echo x > file-0.txt/x",
    "a link for a folder": "mv dir elsewhere; ln -s elsewhere dir",
    "a link for a file": "mv file-0.txt kept.txt; ln -s kept.txt file-0.txt",
    "a file for a link": "rm link-to; echo file-0.txt > link-to",
    "one file under two names": "ln file-0.txt other.txt; echo both >> other.txt",
    "same size and time": "touch -r file-0.txt ../t; printf 'LINE 0\\n' > file-0.txt; touch -r ../t file-0.txt",
    "a rule that ignores": f"echo '*.own' > .gitignore; echo x > a.own; {_COMMIT}",
    "output among the sources": "echo x > dir/a.log; mkdir -p out/deep; echo x > out/deep/b.log; echo y > out/y",
    "attributes": f"echo '*.txt eol=crlf' > .gitattributes; {_COMMIT}; rm *.txt; git checkout -q .",
    "many": "mkdir -p many; cd many; seq 1000 | xargs touch",
    # Repositories inside.
    "a repository": "git init -q inside; git -C inside commit -q --allow-empty -m x; echo x > inside/x",
    "a repository in a folder of the project": f"git init -q dir; cd dir; {_COMMIT}",
    "a repository in the place of a file": "rm file-0.txt; git init -q file-0.txt; echo x > file-0.txt/x",
    "a worktree": "git worktree add -q inside/wt -b wt-$$",
    "a worktree that is locked": "git worktree add -q --lock -b shut-$$ inside",
    "a worktree elsewhere": "git worktree add -q ../elsewhere -b elsewhere-$$",
    "another submodule": f"git init -q more; git -C more commit -q --allow-empty -m x; {_COMMIT}",
    # The submodule that the project has.
    "a submodule taken back": "git -C lib checkout -q HEAD^",
    "a submodule committed at another commit": f"git -C lib checkout -q HEAD^; {_COMMIT}",
    "work in a submodule": f"cd lib; git checkout -q -b mine; echo mine > mine; {_COMMIT}; echo x >> file-0.txt",
    "a submodule without its files": "git submodule --quiet deinit -f lib",
    "a submodule's settings": "cd lib; git config core.hooksPath x; git update-ref refs/mine HEAD; git tag mine",
    "a submodule in the middle": 'git -C lib rev-parse HEAD | tee "$OWN"/modules/lib/{MERGE_HEAD,index.lock}',
    "a submodule replaced": "rm -rf lib; mkdir lib; echo x > lib/x",
    "a submodule that is a file": "rm -rf lib; echo x > lib",
    "a submodule removed": "git rm -q lib; git commit -qm 'no lib'",
    "a submodule's files taken in": f"git rm -q lib; mkdir lib; echo x > lib/x; {_COMMIT}",
    "a submodule moved": "git mv lib library; git commit -qm moved",
}  # fmt: skip

#: What ties a place to its repository; a place that lost this is not used again: it is put away, and made anew.
BREAKS = {
    "no .git": "rm .git",
    "a folder for .git": f"rm .git; git init -q; {_COMMIT}",
    "a link for .git": "mv .git ../dot-git; ln -s ../dot-git .git",
    "a head that is none": 'echo rubbish > "$OWN/HEAD"',
    "another's .git": "git worktree add -q ../other -b other-$$; cp ../other/.git .git",
}

#: A used place and a new one may differ in these, and why.
EXCEPTIONS = {
    "ignored files": "build output and installed packages stay: to make them again takes longest",
    "times of files": "a file that nobody touched is not written again",
    "the name of the entry in the repository": "git counts: work, work1, …",
    "access lists of folders": "they are nobody's habit, and git has none",
}


def live(place: Path, script: str) -> None:
    """An agent works there, with the identity that its window has."""
    environment = dict(os.environ)
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "demo/used", f"GIT_{who}_EMAIL": "test@localhost"}
    start = 'OWN=$(git rev-parse --absolute-git-dir); setting() { git config -f "$OWN/config.worktree" "$@"; }'
    done = subprocess.run(
        ["bash", "-ec", f"{start}\n{script}"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def describe(place: Path) -> dict[str, Any]:
    """All that tells one worktree from another, but for the exceptions."""
    admin = Path(_git(place, "rev-parse", "--absolute-git-dir"))
    branch = _git(place, "symbolic-ref", "HEAD").removeprefix("refs/heads/")

    def plain(text: str) -> str:
        agent = place.parent.name.replace(".", "/")
        for what, name in ((str(place), "PLACE"), (str(admin), "ADMIN"), (branch, "BRANCH"), (agent, "AGENT")):
            text = text.replace(what, name)
        return text

    index = (admin / "index").read_bytes()
    entry = {path.relative_to(admin): path for path in admin.rglob("*") if path.is_file()}
    submodules = _git(place, "submodule", "--quiet", "foreach", "--recursive", "pwd").splitlines()
    return {
        "files": _files(place),
        "link": (plain((place / ".git").read_text()), oct((place / ".git").lstat().st_mode)),
        "index": _git(place, "ls-files", "-s", "-v", "-t").splitlines(),
        "form of the index": (index[:8], [name for name in (b"UNTR", b"FSMN", b"link", b"sdir") if name in index]),
        "status": plain(_git(place, "status", "--porcelain=v2", "--branch", "--ignore-submodules=none")),
        "refs": _git(place, "for-each-ref", "refs/worktree", "refs/bisect", "refs/rewritten"),
        "reflog": plain(_git(place, "reflog", "--format=%H %gs")),
        # Our own files aside: an index as it was, locks.
        "entry": {
            str(name): plain(path.read_text())
            for name, path in sorted(entry.items())
            if name.parts[0] not in ("index", "modules", "logs") and not name.name.startswith("gt-")
        },
        "submodules": {name.removeprefix(str(place)): _submodule(Path(name)) for name in submodules},
    }


def _submodule(place: Path) -> dict[str, Any]:
    folder = Path(_git(place, "rev-parse", "--absolute-git-dir"))
    settings = _git(place, "config", "--local", "--list").splitlines()
    return {
        "head": _git(place, "rev-parse", "HEAD"),
        "status": _git(place, "status", "--porcelain=v2", "--branch", "--ignored"),
        "refs": _git(place, "for-each-ref"),
        "configuration": [line for line in settings if not line.startswith("core.worktree")],
        "folder": sorted(path.name for path in folder.iterdir()),
    }


def _files(place: Path) -> dict[str, tuple[str, str]]:
    """Name → mode and content of everything that is not ignored, folders too."""
    listed = _git(place, "ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory").split("\0")
    ignored = {name.rstrip("/") for name in listed}
    found = {"": (oct(place.stat().st_mode), "")}
    for folder, folders, names in os.walk(place):
        for name in (*folders, *names):
            path = Path(folder) / name
            relative = str(path.relative_to(place))
            if relative in ignored and name in folders:
                folders.remove(name)
            if relative in ignored or path == place / ".git":
                continue
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode):
                content = f"{hashlib.sha1(path.read_bytes()).hexdigest()} {facts.st_nlink}"
            else:
                content = str(path.readlink()) if path.is_symlink() else ""
            # A submodule's .git names the entry.
            found[relative] = (oct(facts.st_mode), content if name != ".git" else "")
    return found


def _git(place: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=place, capture_output=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return os.fsdecode(done.stdout).removesuffix("\n")
