"""The schema, as numbered steps: step N brings ``PRAGMA user_version`` from N-1 to N. Steps are never edited."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL, type TEXT NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL,
        data TEXT NOT NULL CHECK (json_valid(data))
    ) STRICT;
    CREATE INDEX events_by_subject ON events (subject, seq);

    -- The first result of a creating verb, for those who ask again with the same key.
    CREATE TABLE keys (
        verb TEXT NOT NULL, key TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (verb, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rigs (
        name TEXT PRIMARY KEY, prefix TEXT NOT NULL UNIQUE, source TEXT NOT NULL, remote TEXT NOT NULL,
        remote_kind TEXT NOT NULL, target TEXT NOT NULL, target_commit TEXT, email TEXT NOT NULL,
        parked INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE agents (
        address TEXT PRIMARY KEY, role TEXT NOT NULL, rig TEXT REFERENCES rigs (name), name TEXT NOT NULL,
        provider TEXT, state TEXT NOT NULL, hook TEXT NOT NULL, restarts INTEGER NOT NULL DEFAULT 0,
        reason TEXT, not_before TEXT, created TEXT NOT NULL, since TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, agent TEXT NOT NULL, provider TEXT NOT NULL, state TEXT NOT NULL,
        starter INTEGER NOT NULL, starter_started TEXT NOT NULL,
        pane TEXT, launcher INTEGER, launcher_started TEXT, pid INTEGER, pid_started TEXT, provider_session TEXT,
        started TEXT NOT NULL, since TEXT NOT NULL, ended TEXT, exit_status INTEGER, exit_signal INTEGER, reason TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX one_live_session ON sessions (agent) WHERE state <> 'ended';
    CREATE INDEX sessions_by_agent ON sessions (agent, started);

    CREATE TABLE beads (
        id TEXT PRIMARY KEY, rig TEXT NOT NULL REFERENCES rigs (name), title TEXT NOT NULL, body TEXT NOT NULL,
        state TEXT NOT NULL, reason TEXT, priority INTEGER NOT NULL, labels TEXT NOT NULL, assignee TEXT,
        target TEXT, provider TEXT, attempts INTEGER NOT NULL DEFAULT 0, branch TEXT, base TEXT,
        merge_request TEXT, merged_commit TEXT, created TEXT NOT NULL, updated TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX one_bead_on_a_hook ON beads (assignee) WHERE state IN ('hooked', 'working');
    CREATE INDEX beads_by_state ON beads (state, rig);

    CREATE TABLE needs (
        bead TEXT NOT NULL REFERENCES beads (id), needed TEXT NOT NULL REFERENCES beads (id),
        PRIMARY KEY (bead, needed)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX needs_by_needed ON needs (needed);

    CREATE TABLE convoys (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, notify TEXT,
        created TEXT NOT NULL, landed TEXT
    ) STRICT, WITHOUT ROWID;
    -- A bead travels in one convoy at most.
    CREATE TABLE convoy_beads (
        bead TEXT PRIMARY KEY REFERENCES beads (id), convoy TEXT NOT NULL REFERENCES convoys (id),
        place INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX beads_by_convoy ON convoy_beads (convoy, place);

    CREATE TABLE merge_requests (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        bead TEXT NOT NULL REFERENCES beads (id), rig TEXT NOT NULL REFERENCES rigs (name), author TEXT NOT NULL,
        branch TEXT NOT NULL, head TEXT NOT NULL, base TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, reason TEXT, candidate TEXT, merged_commit TEXT, not_before TEXT,
        log TEXT, created TEXT NOT NULL, updated TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX one_live_merge_request ON merge_requests (bead)
        WHERE state IN ('queued', 'testing', 'publishing', 'held');
    CREATE INDEX merge_queue ON merge_requests (rig, state, seq);

    CREATE TABLE escalations (
        id TEXT PRIMARY KEY, severity TEXT NOT NULL, text TEXT NOT NULL, bead TEXT, agent TEXT NOT NULL,
        state TEXT NOT NULL, level TEXT NOT NULL, deadline TEXT, created TEXT NOT NULL, updated TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Whether somebody was told of a mail; with words, of a nudge: then the words themselves are typed.
    CREATE TABLE deliveries (
        mail TEXT NOT NULL, agent TEXT NOT NULL, sender TEXT NOT NULL, state TEXT NOT NULL, priority TEXT NOT NULL,
        expires TEXT, words TEXT, session TEXT, attempts INTEGER NOT NULL DEFAULT 0, tried TEXT, reason TEXT,
        queued TEXT NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (mail, agent)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX open_deliveries ON deliveries (agent, queued) WHERE state IN ('queued', 'offered');
    CREATE INDEX deliveries_by_pair ON deliveries (sender, agent, queued);

    -- Who is not to be disturbed.
    CREATE TABLE quiet_agents (address TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    -- Which tmux server the session's window is in (pid and birth), the bead it was started for, whether it took up
    -- the provider's earlier conversation, and why it is to end, once somebody has asked for that.
    ALTER TABLE sessions ADD COLUMN server TEXT;
    ALTER TABLE sessions ADD COLUMN bead TEXT;
    ALTER TABLE sessions ADD COLUMN resumed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sessions ADD COLUMN ending TEXT;
    -- Deaths before this moment are not held against the agent.
    ALTER TABLE agents ADD COLUMN forgiven TEXT;
    -- What an agent's last session leaves to the next one.
    CREATE TABLE handoffs (
        agent TEXT PRIMARY KEY, session TEXT NOT NULL, bead TEXT, note TEXT NOT NULL, time TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Whether those concerned were told how it ended.
    ALTER TABLE merge_requests ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
    UPDATE merge_requests SET told = 1;
    -- The result of a bead whose result is text.
    ALTER TABLE beads ADD COLUMN report TEXT;
    CREATE INDEX untold_merge_requests ON merge_requests (rig)
        WHERE told = 0 AND state IN ('merged', 'conflicted', 'rejected');
    """,
    """
    -- Where a program writes down its conversation, as its own hooks say.
    ALTER TABLE sessions ADD COLUMN transcript TEXT;
    -- Tokens, as those transcripts count them.
    CREATE TABLE spending (
        transcript TEXT NOT NULL, bead TEXT NOT NULL, day TEXT NOT NULL, agent TEXT NOT NULL, rig TEXT NOT NULL,
        provider TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cached INTEGER NOT NULL,
        PRIMARY KEY (transcript, bead, day)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spending_by_bead ON spending (bead);
    CREATE INDEX spending_by_day ON spending (day, agent);
    """,
    """
    -- Where a rig's target was seen last, a row a history: it has a fresh one since it was rewritten.
    CREATE TABLE target_tips (
        seq INTEGER PRIMARY KEY, rig TEXT NOT NULL, branch TEXT NOT NULL, tip TEXT NOT NULL, since TEXT NOT NULL
    ) STRICT;
    CREATE INDEX tips_by_target ON target_tips (rig, branch, seq);
    """,
    """
    -- Why a rig's target cannot be read, and what the remote's default branch was when the target was chosen.
    ALTER TABLE rigs ADD COLUMN problem TEXT;
    ALTER TABLE rigs ADD COLUMN remote_default TEXT;
    """,
    """
    -- Asked for at each change and at each look of the deacon, however many beads are open.
    CREATE INDEX beads_with_a_way ON beads (rig, priority, created)
        WHERE state = 'open' AND (target IS NOT NULL OR reason IS NOT NULL);
    CREATE INDEX beads_by_assignee ON beads (assignee, updated);
    """,
    """
    -- What the gates passed on, and how often one that failed was run again.
    ALTER TABLE merge_requests ADD COLUMN tested_in TEXT;
    ALTER TABLE merge_requests ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
    -- Every candidate that was ever about to be pushed: a push outlives its refinery.
    CREATE TABLE publications (
        request TEXT NOT NULL, candidate TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (request, candidate)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO publications (request, candidate, time)
        SELECT id, candidate, updated FROM merge_requests WHERE candidate IS NOT NULL;
    -- Trees that passed the gates; the rules are these gates and all that they depend on, as a digest.
    CREATE TABLE green_trees (
        rig TEXT NOT NULL, tree TEXT NOT NULL, rules TEXT NOT NULL, time TEXT NOT NULL,
        PRIMARY KEY (rig, tree, rules)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Whether a rig's merge queue lands what is in it, and why not.
    ALTER TABLE rigs ADD COLUMN queue TEXT NOT NULL DEFAULT 'running';
    ALTER TABLE rigs ADD COLUMN queue_reason TEXT;
    """,
    """
    -- The first of a list, without a look at all the others.
    CREATE INDEX beads_ahead ON beads (created, id) WHERE state NOT IN ('merged', 'closed');
    CREATE INDEX beads_behind ON beads (created, id) WHERE state IN ('merged', 'closed');
    CREATE INDEX beads_to_do ON beads (priority, created, id) WHERE state = 'open';
    CREATE INDEX convoys_by_age ON convoys (state <> 'open', created DESC, id);
    """,
    """
    -- Formulas poured. What a run does stands here: its formula's file may change or go.
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, formula TEXT NOT NULL, rig TEXT NOT NULL, state TEXT NOT NULL,
        vars TEXT NOT NULL CHECK (json_valid(vars)), hash TEXT NOT NULL, text TEXT NOT NULL, spread INTEGER NOT NULL,
        title TEXT NOT NULL, bead TEXT, agent TEXT, owner TEXT NOT NULL, reason TEXT,
        created TEXT NOT NULL, updated TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX runs_by_bead ON runs (bead) WHERE bead IS NOT NULL;
    CREATE TABLE run_steps (
        run TEXT NOT NULL REFERENCES runs (id), place INTEGER NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL,
        body TEXT NOT NULL, state TEXT NOT NULL, needs TEXT NOT NULL, bead TEXT, tries INTEGER NOT NULL,
        retries INTEGER NOT NULL, timeout REAL, command TEXT NOT NULL, agent TEXT, gate TEXT, condition TEXT,
        open INTEGER NOT NULL, result TEXT, head TEXT, reason TEXT, freed TEXT, started TEXT, ended TEXT,
        PRIMARY KEY (run, place)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX run_steps_by_id ON run_steps (run, id);
    CREATE UNIQUE INDEX run_steps_by_bead ON run_steps (bead) WHERE bead IS NOT NULL;
    """,
    """
    -- Asked for at each look of the deacon, however many runs are over.
    CREATE INDEX open_runs ON runs (created, id) WHERE state NOT IN ('done', 'failed', 'cancelled');
    CREATE INDEX gated_steps ON run_steps (run) WHERE state = 'blocked' AND open = 0 AND gate IS NOT NULL;
    """,
    """
    -- A person's word, which is for the head; what was queued before had it, or needed none.
    ALTER TABLE merge_requests ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
    UPDATE merge_requests SET approved = 1 WHERE state <> 'held';
    """,
    """
    -- What a bead is a part of, and what beads that were brought in are called where they came from.
    ALTER TABLE beads ADD COLUMN parent TEXT;
    CREATE INDEX beads_by_parent ON beads (parent) WHERE parent IS NOT NULL;
    CREATE TABLE bead_origins (
        rig TEXT NOT NULL, source TEXT NOT NULL, bead TEXT NOT NULL REFERENCES beads (id), PRIMARY KEY (rig, source)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Which model used the tokens. What was counted before nobody knows that of.
    ALTER TABLE spending RENAME TO spending_before;
    CREATE TABLE spending (
        transcript TEXT NOT NULL, bead TEXT NOT NULL, day TEXT NOT NULL, model TEXT NOT NULL, agent TEXT NOT NULL,
        rig TEXT NOT NULL, provider TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL,
        cached INTEGER NOT NULL, PRIMARY KEY (transcript, bead, day, model)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO spending SELECT transcript, bead, day, '', agent, rig, provider, input, output, cached
        FROM spending_before;
    DROP TABLE spending_before;
    CREATE INDEX spending_by_bead ON spending (bead);
    CREATE INDEX spending_by_day ON spending (day, agent);
    """,
    """
    -- From now on somebody is told of these too, where the target had the work already.
    UPDATE merge_requests SET told = 1 WHERE state = 'superseded';
    """,
    """
    -- What a person was called for, until that is over.
    CREATE TABLE calls (
        occasion TEXT PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, reason TEXT NOT NULL,
        next TEXT NOT NULL, urgency TEXT NOT NULL, made TEXT NOT NULL, shown TEXT, sent TEXT, gone TEXT,
        tries INTEGER NOT NULL, not_before TEXT, trouble TEXT
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- What is kept of orders, whose files may change or go: what is counted since when, and how often they were begun.
    -- Moments are Unix time, seconds since that boot of the machine, and the boot.
    CREATE TABLE orders (
        id TEXT PRIMARY KEY, rule TEXT NOT NULL, since TEXT NOT NULL, slot TEXT, event INTEGER NOT NULL, begun TEXT,
        paused INTEGER NOT NULL, note TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE order_starts (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, of TEXT NOT NULL, why TEXT NOT NULL, does TEXT NOT NULL, run TEXT,
        state TEXT NOT NULL, reason TEXT, started TEXT NOT NULL, ended TEXT
    ) STRICT;
    CREATE UNIQUE INDEX one_start_at_a_time ON order_starts (of) WHERE ended IS NULL;
    CREATE INDEX starts_by_order ON order_starts (of, seq);
    CREATE INDEX starts_by_run ON order_starts (run) WHERE run IS NOT NULL;
    """,
    """
    -- How often somebody else was quicker with the target.
    ALTER TABLE merge_requests ADD COLUMN overtaken INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Branches that clash, as the radar saw them last.
    CREATE TABLE clashes (
        rig TEXT NOT NULL, one TEXT NOT NULL, other TEXT NOT NULL, files TEXT NOT NULL CHECK (json_valid(files)),
        told INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (one, other)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- A convoy that lands as a whole: its requests are gathered on one another first, and stay so until all are there.
    ALTER TABLE convoys ADD COLUMN together INTEGER NOT NULL DEFAULT 0;
    DROP INDEX one_live_merge_request;
    CREATE UNIQUE INDEX one_live_merge_request ON merge_requests (bead)
        WHERE state IN ('queued', 'testing', 'publishing', 'held', 'gathered', 'proposed');
    CREATE INDEX gathered_merge_requests ON merge_requests (bead) WHERE state = 'gathered';
    -- Each candidate that was ever gathered, for branches are cut from them; current are those of the branch now.
    CREATE TABLE gatherings (
        convoy TEXT NOT NULL, request TEXT NOT NULL, candidate TEXT NOT NULL, current INTEGER NOT NULL,
        PRIMARY KEY (convoy, request, candidate)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Who made a convoy, and whether those concerned were told that it, or a run, has come to its end.
    ALTER TABLE convoys ADD COLUMN owner TEXT;
    ALTER TABLE convoys ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
    UPDATE convoys SET told = 1;
    CREATE INDEX untold_convoys ON convoys (id) WHERE state = 'landed' AND told = 0;
    ALTER TABLE runs ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
    UPDATE runs SET told = 1 WHERE state IN ('done', 'failed', 'cancelled');
    CREATE INDEX untold_runs ON runs (id) WHERE state IN ('done', 'failed', 'cancelled') AND told = 0;
    -- Which programs do not come up: asked before each start.
    CREATE INDEX sessions_by_end ON sessions (ended) WHERE ended IS NOT NULL;
    """,
    """
    -- A bead's pull request, and what was pushed for it: a push and its opening are two steps.
    CREATE TABLE proposals (
        bead TEXT PRIMARY KEY, rig TEXT NOT NULL, number INTEGER NOT NULL, url TEXT NOT NULL, branch TEXT NOT NULL,
        base TEXT NOT NULL, pushed TEXT NOT NULL, heads TEXT NOT NULL CHECK (json_valid(heads)),
        rounds INTEGER NOT NULL, seen TEXT NOT NULL CHECK (json_valid(seen))
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE proposed_branches (bead TEXT PRIMARY KEY, pushed TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    -- Other machines, each with a town of its own.
    CREATE TABLE hosts (
        name TEXT PRIMARY KEY, prefix TEXT NOT NULL CHECK (json_valid(prefix)), target TEXT, town TEXT NOT NULL,
        gt TEXT NOT NULL, town_key TEXT NOT NULL, most INTEGER, places INTEGER NOT NULL,
        providers TEXT NOT NULL CHECK (json_valid(providers)), labels TEXT NOT NULL CHECK (json_valid(labels)),
        parked INTEGER NOT NULL DEFAULT 0, version TEXT NOT NULL, agents INTEGER NOT NULL, last_heard TEXT,
        trouble TEXT, trouble_since TEXT, unfit INTEGER NOT NULL DEFAULT 0, created TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- How far each host's events were read, and its agents as it listed them last.
    CREATE TABLE followed (
        host TEXT PRIMARY KEY, town_key TEXT NOT NULL, seq INTEGER NOT NULL, mark TEXT NOT NULL, ahead REAL NOT NULL,
        restored TEXT, agents TEXT NOT NULL CHECK (json_valid(agents)), seen TEXT
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Since when a bead waits, which no edit of its words begins anew.
    ALTER TABLE beads ADD COLUMN waits_since TEXT;
    UPDATE beads SET waits_since = updated;
    -- Which orders had one begun, themselves included in what they bring about: none goes round for ever.
    ALTER TABLE order_starts ADD COLUMN chain TEXT NOT NULL DEFAULT '';
    -- What a person allows an order to say; known ones as they are when they are looked at next.
    CREATE TABLE order_approvals (
        id TEXT PRIMARY KEY, approved TEXT, asked TEXT, since TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO order_approvals (id, approved, since) SELECT id, '*', '' FROM orders;
    """,
    """
    -- Whether a pull request waits for what people do at the forge.
    ALTER TABLE proposals ADD COLUMN person INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Beads that hosts work at: the row of the bead names the delegation that counts. And, on the side of a host, whose
    -- beads are worked at here, and which rigs are another town's.
    ALTER TABLE beads ADD COLUMN delegation TEXT;
    CREATE TABLE delegations (
        id TEXT PRIMARY KEY, bead TEXT NOT NULL, rig TEXT NOT NULL, host TEXT NOT NULL, stage TEXT NOT NULL,
        outcome TEXT, there TEXT, worker TEXT, word TEXT, head TEXT, words TEXT, log TEXT, landed TEXT,
        created TEXT NOT NULL, updated TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX delegations_by_bead ON delegations (bead);
    CREATE INDEX open_delegations ON delegations (host) WHERE stage <> 'ended';
    CREATE TABLE errands (
        delegation TEXT NOT NULL, home TEXT NOT NULL, bead TEXT NOT NULL, theirs TEXT NOT NULL,
        PRIMARY KEY (home, delegation)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX errands_by_bead ON errands (bead);
    CREATE TABLE rigs_of_homes (
        rig TEXT PRIMARY KEY, home TEXT NOT NULL, pushed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- The agent programs that a person lets a host have work for; all that it has, where none is named.
    ALTER TABLE hosts ADD COLUMN allowed TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allowed));
    """,
)
