import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

const GUARD = @GUARD@;
// What it used stands only in its database, which is not ours to read while it writes.
const TRANSCRIPT = join(import.meta.dirname, `${process.env.GT_SESSION}.jsonl`);
// Sessions of sub-agents, whose turns are not the agent's.
const children = new Set();
// Messages of the model's own, for a part does not say whose it is.
const own = new Set();

function call(session, event, ...answer) {
  const input = JSON.stringify({
    session_id: children.has(session) ? null : session ?? null,
    transcript_path: TRANSCRIPT,
  });
  return spawnSync(GUARD, [event, ...answer], { input, encoding: "utf8", timeout: 30000 }).stdout ?? "";
}

export const Gastown = async ({ client }) => ({
  event: async ({ event }) => {
    const { info } = event.properties ?? {};
    const session = event.properties?.sessionID ?? info?.id;
    if (event.type === "session.created" && info?.parentID) children.add(info.id);
    if (event.type === "session.created" && !info?.parentID) call(session, "session-start");
    if (event.type === "message.updated" && info?.role === "assistant") own.add(info.id);
    const { part } = event.properties ?? {};
    if (event.type === "message.part.updated" && part?.type === "text" && part.time?.end && own.has(part.messageID))
      if (!children.has(part.sessionID)) appendFileSync(TRANSCRIPT, JSON.stringify({ id: part.id, text: part.text }) + "\n");
    if (event.type === "message.updated" && info?.role === "assistant" && info.time?.completed)
      appendFileSync(TRANSCRIPT, JSON.stringify({ id: info.id, model: info.modelID, tokens: info.tokens }) + "\n");
    if (event.type === "permission.asked") call(session, "waiting");
    if (event.type === "session.compacted" && !children.has(session)) call(session, "compact");
    if (event.type === "session.idle" && !children.has(session)) {
      const words = call(session, "idle", "text");
      const body = { parts: [{ type: "text", text: words }] };
      if (words) await client.session.promptAsync({ path: { id: session }, body });
    }
  },
  "chat.message": async (input, output) => {
    const words = children.has(input.sessionID) ? "" : call(input.sessionID, "prompt", "text");
    if (words) output.parts.push({ type: "text", text: words, synthetic: true });
  },
  "shell.env": async (_, output) => { output.env.npm_config_fetch_retries = ""; },
});
