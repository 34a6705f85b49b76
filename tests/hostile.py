"""A user whose git is set up in the most unhelpful way that git allows, and an environment to match."""

import os
from pathlib import Path

#: Programs of theirs that git would run: each leaves behind who started it.
HOOKS = (
    "applypatch-msg", "askpass", "commit-msg", "configured", "external-diff", "fsmonitor", "post-checkout",
    "post-commit", "post-index-change", "post-merge", "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push",
    "prepare-commit-msg", "reference-transaction",
)  # fmt: skip

#: One value a key, the worst that is legal. What a person alone decides is not here: credentials, proxies, ssh; nor is
#: index.skipHash, by which git 2.55 empties a split index itself.
SETTINGS = """
i18n.commitEncoding = ISO-8859-1
i18n.logOutputEncoding = UTF-16
core.autocrlf = true
core.eol = crlf
core.safecrlf = true
core.attributesFile = {folder}/attributes
core.quotePath = true
core.abbrev = 4
core.logAllRefUpdates = always
core.commentChar = a
core.pager = false
core.editor = false
core.askPass = {folder}/hooks/askpass
core.hooksPath = {folder}/hooks
core.fsmonitor = {folder}/hooks/fsmonitor
core.untrackedCache = true
core.splitIndex = true
core.ignoreCase = true
core.precomposeUnicode = true
core.symlinks = false
core.fileMode = false
core.ignoreStat = true
core.checkStat = minimal
core.trustctime = false
core.preferSymlinkRefs = true
core.bigFileThreshold = 1
core.sharedRepository = 0660
core.filesRefLockTimeout = 0
core.packedRefsTimeout = 0
core.fsync = none
core.warnAmbiguousRefs = false
core.whitespace = cr-at-eol,tab-in-indent
core.alternateRefsCommand = false
core.maxTreeDepth = 12
core.lockfilePid = true
index.version = 4
index.threads = 8
index.sparse = true
feature.experimental = true
status.showUntrackedFiles = no
status.relativePaths = false
status.branch = true
status.short = true
status.showStash = true
status.renames = copies
status.submoduleSummary = true
commit.cleanup = strip
commit.template = {folder}/attributes
commit.verbose = 2
commit.gpgSign = true
tag.gpgSign = true
tag.forceSignAnnotated = true
gpg.format = ssh
gpg.program = false
gpg.ssh.program = false
user.signingKey = nobody
user.useConfigOnly = true
pager.diff = false
pager.log = false
pager.status = false
color.ui = always
color.diff = always
color.status = always
color.branch = always
color.push = always
color.remote = always
color.advice = always
color.transport = always
column.ui = always
column.status = always
diff.external = {folder}/hooks/external-diff
diff.renames = false
diff.renameLimit = 1
diff.noPrefix = true
diff.mnemonicPrefix = true
diff.srcPrefix = x/
diff.dstPrefix = y/
diff.orderFile = {folder}/order
diff.ignoreSubmodules = all
diff.algorithm = patience
diff.context = 0
diff.interHunkContext = 50
diff.colorMoved = zebra
diff.wordRegex = .
diff.submodule = log
diff.relative = true
diff.suppressBlankEmpty = true
diff.statGraphWidth = 1
diff.statNameWidth = 1
diff.wsErrorHighlight = all
diff.indentHeuristic = false
diff.trustExitCode = true
diff.text.textconv = false
merge.conflictStyle = zdiff3
merge.renames = false
merge.renameLimit = 1
merge.directoryRenames = false
merge.renormalize = true
merge.ff = only
merge.verifySignatures = true
merge.log = true
merge.stat = false
merge.autoStash = true
merge.default = union
merge.verbosity = 5
rerere.enabled = true
rerere.autoUpdate = true
log.date = relative
log.showSignature = true
log.follow = true
log.mailmap = true
log.decorate = full
log.abbrevCommit = true
log.showRoot = false
log.diffMerges = first-parent
mailmap.file = {folder}/mailmap
format.pretty = oneline
notes.displayRef = refs/*
trailer.separators = =
grep.patternType = fixed
grep.lineNumber = true
versionsort.suffix = 0
branch.autoSetupMerge = always
branch.autoSetupRebase = always
branch.sort = -committerdate
push.default = nothing
push.followTags = true
push.recurseSubmodules = only
push.useForceIfIncludes = true
push.pushOption = unwanted
push.autoSetupRemote = true
push.gpgSign = true
push.negotiate = true
fetch.prune = true
fetch.pruneTags = true
fetch.recurseSubmodules = true
fetch.unpackLimit = 1
fetch.writeCommitGraph = true
fetch.parallel = 0
fetch.all = true
fetch.negotiationAlgorithm = noop
fetch.output = compact
remote.pushDefault = nowhere
remote.origin.fetch = +refs/tags/*:refs/remotes/origin/tags/*
remote.origin.tagOpt = --tags
remote.origin.prune = false
remote.origin.uploadpack = false
remote.origin.receivepack = false
pull.rebase = true
pull.ff = only
rebase.autoStash = true
rebase.autoSquash = true
rebase.updateRefs = true
rebase.backend = apply
rebase.missingCommitsCheck = error
sequence.editor = false
submodule.recurse = true
submodule.propagateBranches = true
submodule.fetchJobs = 0
transfer.unpackLimit = 1
transfer.advertiseSID = true
init.templateDir = {folder}/template
init.defaultBranch = odd/name
init.defaultRefFormat = reftable
init.defaultObjectFormat = sha256
clone.defaultRemoteName = upstream
clone.rejectShallow = true
checkout.defaultRemote = nobody
checkout.guess = false
checkout.workers = 1
worktree.guessRemote = true
worktree.useRelativePaths = true
trace2.normalTarget = 2
trace2.perfTarget = 2
maintenance.auto = true
maintenance.strategy = incremental
gc.auto = 1
gc.autoDetach = false
gc.pruneExpire = now
gc.worktreePruneExpire = now
pack.packSizeLimit = 1m
pack.window = 0
http.lowSpeedLimit = 1000000000
http.lowSpeedTime = 1
credential.interactive = true
advice.detachedHead = true
advice.statusHints = true
safe.bareRepository = explicit
help.autoCorrect = immediate
alias.status = !false
alias.diff = !false
alias.commit = !false
alias.update-ref = !false
interactive.singleKey = true
apply.whitespace = error
add.ignoreErrors = true
clean.requireForce = false
author.name = Somebody Else
author.email = else@example.org
committer.email = else@example.org
hook.everywhere.command = {folder}/hooks/configured
hook.everywhere.event = pre-commit
hook.everywhere.event = reference-transaction
hook.everywhere.event = post-index-change
hook.everywhere.event = post-checkout
"""

#: What a shell may have exported, for a person's own git.
ENVIRONMENT = {
    "LANG": "de_DE.ISO-8859-1",
    "LANGUAGE": "de",
    "LC_ALL": "C",
    "TZ": "Pacific/Chatham",
    "COLUMNS": "20",
    "PAGER": "false",
    "LESS": "-X",
    "TERM": "dumb",
    "GIT_PAGER": "false",
    "GIT_EDITOR": "false",
    "GIT_DIFF_OPTS": "-u0",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_ASKPASS": "false",
    "GIT_TRACE": "1",
    "GIT_TRACE_SETUP": "1",
    "GIT_TRACE2": "1",
    "GIT_TRACE2_PERF": "1",
    "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Somebody Else",
    "GIT_CONFIG_PARAMETERS": "'core.quotepath'='true' 'status.showuntrackedfiles'='no'",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "diff.noPrefix",
    "GIT_CONFIG_VALUE_0": "true",
    "GIT_CONFIG_KEY_1": "status.showUntrackedFiles",
    "GIT_CONFIG_VALUE_1": "no",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "0",
    "GIT_DEFAULT_HASH": "sha256",
    "GIT_DEFAULT_REF_FORMAT": "reftable",
    "GIT_TEMPLATE_DIR": "/nowhere",
    "GIT_MERGE_VERBOSITY": "5",
    "GIT_ATTR_SOURCE": "HEAD",
    "GIT_QUARANTINE_PATH": "/nowhere",
    "GIT_INDEX_VERSION": "4",
    "GIT_REFLOG_ACTION": "somebody else",
    "GIT_OPTIONAL_LOCKS": "1",
    "GIT_FLUSH": "1",
    "GIT_NAMESPACE": "elsewhere",
    "GIT_PREFIX": "elsewhere/",
}


def make_hostile(home: Path) -> Path:
    """Makes the home that person's, ``~/.gitconfig`` and all it names. Returns the file in which each program of
    theirs that is run leaves its name and the command that ran it.
    """
    folder = home / "theirs"
    (folder / "hooks").mkdir(parents=True)
    (folder / "template" / "hooks").mkdir(parents=True)
    ran = folder / "ran"
    ran.touch()
    for path in (*(folder / "hooks" / name for name in HOOKS), folder / "template" / "hooks" / "pre-commit"):
        # A file monitor that fails is done without; the others would stop what agents do themselves.
        status = int(path.name in ("askpass", "external-diff", "fsmonitor"))
        _program(path, f"echo {path.name}: $(tr '\\0' ' ' < /proc/$PPID/cmdline) >> {ran}\nexit {status}\n")
    (folder / "attributes").write_text("* merge=union -diff\n*.txt working-tree-encoding=UTF-16\n")
    (folder / "order").write_text("z*\n")
    (folder / "mailmap").write_text("Somebody Else <else@example.org> <test@localhost>\n")
    pairs = [line.split(" = ") for line in SETTINGS.format(folder=folder).strip().splitlines()]
    parts = [_form(*pair) for pair in pairs]
    # Half of it stands in a file that is included, last.
    (folder / "included").write_text("".join(parts[::2]))
    user = "[user]\n\tname = Test Person\n\temail = test@localhost\n"
    (home / ".gitconfig").write_text(user + "".join(parts[1::2]) + f"[include]\n\tpath = {folder}/included\n")
    return ran


def clean_environment() -> dict[str, str]:
    """For a test's own git, which is to see what is there and nothing that the user has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{field}": "test@localhost" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
    return {**kept, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C.UTF-8"}


def _form(name: str, value: str) -> str:
    section, _, rest = name.partition(".")
    middle, _, key = rest.rpartition(".")
    head = f'[{section} "{middle}"]' if middle else f"[{section}]"
    return f'{head}\n\t{key} = "{value}"\n'


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
