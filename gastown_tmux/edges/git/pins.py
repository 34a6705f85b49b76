"""What git is told about itself whenever we call it: nothing that a user, a project or an agent has set changes what it
answers us, writes for us or asks.

As they are stay credentials, proxies, ssh, `url.*.insteadOf`, filters (LFS), `core.excludesFile`, `safe.directory`,
`protocol.*` and `transfer.fsckObjects`: how a person's repositories are reached, and whom they trust. `core.fileMode`
and `core.sparseCheckout` are truths of one repository or worktree. What cannot be pinned, because values add up, is not
used: `remote.*` (a remote is named by its URL), `versionsort.suffix`, `trailer.*.key`.

The environment outranks every file, a worktree's own too.
"""

#: Key, value, and why. Each was seen to change an answer of git 2.39 or 2.55, or is a close neighbour of one that did.
PINS = (
    # What is text, and in which letters.
    ("i18n.commitEncoding", "utf-8", "messages are marked as what they are"),
    ("i18n.logOutputEncoding", "utf-8", "messages are read as what we take them for"),
    ("core.quotePath", "false", "names come as they are"),
    # Files: the bytes that were committed, and every change of them seen.
    ("core.autocrlf", "false", "line ends are the project's, by its attributes"),
    ("core.eol", "native", "the same, where an attribute leaves it open"),
    ("core.safecrlf", "false", "saving work must not fail over line ends"),
    ("core.attributesFile", "/dev/null", "a user's own merge drivers and encodings would decide what lands"),
    ("core.bigFileThreshold", "512m", "a small one makes every file binary: no diff, and conflicts"),
    ("core.symlinks", "true", "a town's file system has them, for it has sockets"),
    ("core.ignoreCase", "false", "two names that differ in case are two files"),
    ("core.precomposeUnicode", "false", "two names that differ in composition are two files"),
    ("core.ignoreStat", "false", "changes of files that we checked out would never be seen"),
    ("core.trustctime", "true", "a change that keeps size and date is seen"),
    ("core.checkStat", "default", "the same"),
    ("core.maxTreeDepth", "2048", "a deep folder is no error"),
    # Programs of others.
    ("core.fsmonitor", "false", "a program of the agent's would tell us what has changed"),
    ("credential.interactive", "false", "nobody is there to answer"),
    ("commit.gpgSign", "false", "a signature asks for a password, and it would be the user's under our words"),
    ("tag.gpgSign", "false", "the same"),
    ("push.gpgSign", "false", "most servers refuse it"),
    ("log.showSignature", "false", "gpg's words would stand between our lines"),
    ("merge.verifySignatures", "false", "agents' commits have none"),
    ("gc.auto", "0", "a collection in the background outlives us, and races"),
    ("maintenance.auto", "false", "the same"),
    ("rerere.enabled", "false", "an old resolution would pass for a clean merge"),
    # The repository as it is, not as a link in it says.
    ("core.useReplaceRefs", "false", "an agent's `git replace` would show us other commits than are pushed"),
    ("core.preferSymlinkRefs", "false", "HEAD is a file"),
    ("core.logAllRefUpdates", "true", "branches have a history to come back by"),
    ("core.sharedRepository", "umask", "the town is this user's; the umask says who else may read"),
    ("core.fsync", "committed,reference", "what was said to be saved survives a power cut"),
    ("core.fsyncMethod", "batch", "at the least cost"),
    ("core.filesRefLockTimeout", "2000", "agents write refs beside us"),
    ("core.packedRefsTimeout", "5000", "the same"),
    ("safe.bareRepository", "all", "repo.git is bare, and our own"),
    ("init.defaultBranch", "main", "not a name that git refuses"),
    ("init.defaultObjectFormat", "sha1", "GitPython reads no other"),
    ("init.defaultRefFormat", "files", "git before 2.45 reads no other, nor does GitPython"),
    ("init.defaultSubmodulePathConfig", "false", "an extension that older gits refuse"),
    ("worktree.useRelativePaths", "false", "the same"),
    ("worktree.guessRemote", "false", "a worktree is on the branch that we name"),
    ("feature.experimental", "false", "formats and answers of a git to come"),
    ("feature.manyFiles", "false", "turns on an index that GitPython cannot read"),
    ("index.version", "2", "the same"),
    ("index.skipHash", "false", "the same"),
    ("index.sparse", "false", "the same"),
    ("core.splitIndex", "false", "half of a private index would lie beside the agent's"),
    ("core.untrackedCache", "false", "we look ourselves"),
    # Status.
    ("status.showUntrackedFiles", "normal", "an untracked file is work too"),
    ("status.renames", "false", "names are what is on the disk"),
    ("status.relativePaths", "true", "from the top, where we are"),
    ("status.branch", "false", "no line that was not asked for"),
    ("status.short", "false", "the same"),
    ("status.showStash", "false", "the same"),
    ("status.submoduleSummary", "false", "the same"),
    # Commits and their words.
    ("commit.cleanup", "default", "a title may begin with #"),
    ("commit.verbose", "false", "our words and no others"),
    ("core.commentChar", "#", "git's own"),
    ("trailer.separators", ":", "our trailers are found again"),
    ("tag.forceSignAnnotated", "false", "as tag.gpgSign"),
    # Diffs, that people read and programs apply. No setting undoes diff.external: see FLAGS.
    ("diff.noPrefix", "false", "a patch that applies"),
    ("diff.mnemonicPrefix", "false", "the same"),
    ("diff.srcPrefix", "a/", "the same"),
    ("diff.dstPrefix", "b/", "the same"),
    ("diff.relative", "false", "all of it"),
    ("diff.orderFile", "/dev/null", "in the order of names"),
    ("diff.renames", "true", "a moved file is a moved file"),
    ("diff.renameLimit", "1000", "also among many"),
    ("diff.algorithm", "myers", "git's own"),
    ("diff.indentHeuristic", "true", "git's own"),
    ("diff.context", "3", "enough to apply it"),
    ("diff.interHunkContext", "0", "git's own"),
    ("diff.suppressBlankEmpty", "false", "git's own"),
    ("diff.submodule", "short", "a patch, not a log"),
    ("diff.ignoreSubmodules", "untracked", "a submodule's new commit is a change"),
    ("diff.colorMoved", "no", "plain"),
    ("diff.wsErrorHighlight", "none", "plain"),
    ("diff.statGraphWidth", "80", "wide enough"),
    ("diff.statNameWidth", "0", "whole names, as long as there is room"),
    ("diff.trustExitCode", "false", "of a program that we do not run"),
    # Merges: what git does where nothing is set.
    ("merge.renames", "true", "a change of a moved file follows it"),
    ("merge.renameLimit", "7000", "also among many"),
    ("merge.directoryRenames", "conflict", "a file into a moved folder is for its author to place"),
    ("merge.renormalize", "false", "it fails in a bare repository"),
    ("merge.default", "text", "union would take both sides unseen, binary would merge nothing"),
    ("merge.conflictStyle", "merge", "git's own"),
    ("merge.verbosity", "2", "git's own"),
    ("merge.ff", "true", "git's own"),
    ("merge.log", "false", "our words"),
    ("merge.autoStash", "false", "nothing is put aside unasked"),
    # Logs.
    ("log.date", "default", "git's own"),
    ("log.decorate", "no", "no words of others in a line"),
    ("log.abbrevCommit", "false", "whole ids"),
    ("log.follow", "false", "what was asked for"),
    ("log.mailmap", "false", "who wrote it down"),
    ("log.showRoot", "true", "the first commit too"),
    ("format.pretty", "medium", "git's own"),
    ("core.abbrev", "auto", "ids that are long enough"),
    ("grep.patternType", "basic", "log --grep takes our pattern for what it is"),
    ("grep.extendedRegexp", "false", "the same"),
    # Fetches and pushes: what was named, and nothing else. A remote is named by its URL, for remote.* adds up.
    ("fetch.prune", "false", "where it is wanted it is said"),
    ("fetch.pruneTags", "false", "agents' tags stay"),
    ("fetch.recurseSubmodules", "no", "where it is wanted it is said"),
    ("fetch.writeCommitGraph", "false", "nobody waits for that"),
    ("fetch.output", "full", "git's own"),
    ("fetch.all", "false", "the one that was named"),
    ("push.followTags", "false", "agents' tags are not published"),
    ("push.recurseSubmodules", "no", "'only' publishes nothing and says it did"),
    ("push.pushOption", "", "most servers refuse them"),
    ("push.negotiate", "false", "a question more that may fail"),
    ("push.useForceIfIncludes", "false", "we never force"),
    ("protocol.file.allow", "user", "git's own default: a rig may be of a folder, its submodules not"),
    ("http.lowSpeedLimit", "0", "our own time limit holds"),
    ("clone.rejectShallow", "false", "where it matters we look"),
    ("clone.defaultRemoteName", "origin", "the name we use"),
    # Checkouts.
    ("submodule.recurse", "false", "where it is wanted it is said"),
    ("submodule.propagateBranches", "false", "the same"),
    ("checkout.guess", "false", "a branch that is missing is missing"),
    ("branch.autoSetupMerge", "false", "a bead's branch follows nothing"),
    ("branch.autoSetupRebase", "never", "the same"),
    ("apply.whitespace", "nowarn", "bytes are bytes"),
    ("clean.requireForce", "true", "git's own"),
    # Plain answers.
    *((f"color.{what}", "false", "plain") for what in (
        "ui", "advice", "branch", "diff", "grep", "interactive", "push", "remote", "showBranch", "status", "transport",
    )),
    ("column.ui", "never", "one a line"),
    ("column.status", "never", "the same"),
    ("help.autoCorrect", "never", "a command that git lacks is an error"),
    ("advice.detachedHead", "false", "known"),
)  # fmt: skip

#: Hooks are for who commits, not for who saves, merges and publishes: none of ours runs any. From git 2.54 on they
#: stand in the configuration too, where core.hooksPath does not reach, and only their event can be turned off.
EVENTS = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
    "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
    "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
    "post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change",
)  # fmt: skip

#: What decides how a file becomes a blob. An agent's own git has the user's, and what is clean there is committed.
CONVERSIONS = ("core.autocrlf", "core.eol", "core.attributesFile")

#: Variables of the environment, the same way.
VARIABLES = (
    ("LC_ALL", "C.UTF-8", "plain English, any name"),
    ("COLUMNS", "80", "a --stat is as wide in a narrow window"),
    ("GIT_TERMINAL_PROMPT", "0", "nobody is there to answer"),
    # An empty value overrides core.askPass too. With no terminal and no askpass, ssh cannot ask either;
    # GIT_SSH_COMMAND with BatchMode would override the user's core.sshCommand.
    ("GIT_ASKPASS", "", "the same"),
    ("SSH_ASKPASS_REQUIRE", "never", "the same"),
    ("GIT_EDITOR", ":", "the same"),
    ("GIT_SEQUENCE_EDITOR", ":", "the same"),
    ("GIT_PAGER", "cat", "whole answers"),
    ("GIT_OPTIONAL_LOCKS", "0", "a look takes no lock from an agent"),
    ("GIT_ATTR_NOSYSTEM", "1", "as core.attributesFile"),
    ("GIT_GRAFT_FILE", "/dev/null/none", "as core.useReplaceRefs"),
    ("GIT_ADVICE", "0", "of no use to us"),
    # These are read from the user's file alone, where no pin reaches; the environment outranks it.
    ("GIT_TRACE2", "0", "no lines between those of an error"),
    ("GIT_TRACE2_EVENT", "0", "the same"),
    ("GIT_TRACE2_PERF", "0", "the same"),
)

#: Beginnings of those GIT_* that stay: how remotes are reached, and where the user's own settings are.
KEPT = (
    "GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_LFS_",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip

#: What no setting undoes, by command.
FLAGS = dict.fromkeys(("diff", "show", "log"), ("--no-ext-diff", "--no-textconv"))
