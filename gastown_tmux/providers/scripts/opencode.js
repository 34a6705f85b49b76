import { spawnSync } from "node:child_process";

const GUARD = @GUARD@;

function call(session, event, ...answer) {
  const payload = JSON.stringify({ session_id: session ?? null });
  return spawnSync(GUARD, [event, ...answer], { input: payload, encoding: "utf8", timeout: 30000 }).stdout ?? "";
}

export const Gastown = async ({ client }) => ({
  event: async ({ event }) => {
    const session = event.properties?.sessionID ?? event.properties?.info?.id;
    if (event.type === "session.created" && !event.properties?.info?.parentID) call(session, "session-start");
    if (event.type === "permission.asked") call(session, "waiting");
    if (event.type === "session.compacted") call(session, "compact");
    if (event.type === "session.idle") {
      const words = call(session, "idle", "text");
      const body = { parts: [{ type: "text", text: words }] };
      if (words) await client.session.promptAsync({ path: { id: session }, body });
    }
  },
  "chat.message": async (input, output) => {
    const words = call(input.sessionID, "prompt", "text");
    if (words) output.parts.push({ type: "text", text: words, synthetic: true });
  },
});
