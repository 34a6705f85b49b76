import { spawnSync } from "node:child_process";

const GUARD = @GUARD@;

export default function (pi: any) {
  const call = (context: any, event: string, ...answer: string[]): string => {
    const session = context?.sessionManager;
    const input = JSON.stringify({
      session_id: session?.getSessionId?.() ?? null,
      transcript_path: session?.getSessionFile?.() ?? null,
    });
    return spawnSync(GUARD, [event, ...answer], { input, encoding: "utf8", timeout: 30000 }).stdout ?? "";
  };
  let primer = "";
  pi.on("session_start", async (_: any, context: any) => { primer = call(context, "session-start", "text"); });
  pi.on("before_agent_start", async (_: any, context: any) => {
    const words = primer + call(context, "prompt", "text");
    primer = "";
    if (words) return { message: { customType: "gastown", content: words, display: true } };
  });
  pi.on("agent_end", async (_: any, context: any) => {
    const words = call(context, "idle", "text");
    // The turn is over only after this: a follow-up queued now would wait for the turn after the next prompt.
    const send = () => (context.isIdle() ? pi.sendUserMessage(words) : setTimeout(send, 20));
    if (words) setTimeout(send, 0);
  });
  pi.on("session_before_compact", async (_: any, context: any) => { call(context, "compact"); });
  pi.on("session_shutdown", async (_: any, context: any) => { call(context, "end"); });
}
