// Calls to this page's own server. The token lives in this tab alone, and goes with each call as a header.

const TOKEN = "gt-token";
const LONGEST = 60_000;

/** What the server refused: `status` (0: it was not reached), `kind`, and `hint`, the command that helps. */
export class Refusal extends Error {
  constructor(status, error = {}) {
    super(error.message || `the server answered ${status}`);
    Object.assign(this, { status, kind: error.kind || "", hint: error.hint || "" });
  }
}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null;

/** Changes the secret of a link for a token. It leaves the address bar, and with that the history, before all else. */
export async function unlock() {
  const secret = /^#secret=(.+)$/.exec(location.hash)?.[1];
  if (!secret) return hasToken();
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const { token } = await call("POST", "/api/token", { secret: decodeURIComponent(secret) });
    sessionStorage.setItem(TOKEN, token);
    return true;
  } catch (refused) {
    if (!(refused instanceof Refusal) || refused.status !== 401) throw refused;
    return hasToken(); // the link was used already, perhaps by this very tab
  }
}

export function forget() {
  sessionStorage.removeItem(TOKEN);
}

/** A response whose body is read as it comes. Raises Refusal. */
export async function request(path, { method = "GET", data, signal, query } = {}) {
  const headers = { Accept: "application/json" };
  const token = sessionStorage.getItem(TOKEN);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (data !== undefined) headers["Content-Type"] = "application/json";
  const body = data === undefined ? undefined : JSON.stringify(data);
  const where = query ? `${path}?${new URLSearchParams(query)}` : path;
  let response;
  try {
    response = await fetch(where, { method, headers, body, signal, cache: "no-store", credentials: "omit" });
  } catch (failed) {
    if (failed.name === "AbortError") throw failed;
    throw new Refusal(0, { message: "the dashboard does not answer", hint: "gt dashboard" });
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  if (response.status === 401) dispatchEvent(new Event("locked"));
  throw new Refusal(response.status, told.error);
}

async function call(method, path, data, query) {
  const signal = AbortSignal.timeout(LONGEST);
  try {
    return await (await request(path, { method, data, signal, query })).json();
  } catch (failed) {
    if (failed.name === "TimeoutError") throw new Refusal(0, { message: "no answer within a minute" });
    throw failed;
  }
}

const AGAIN = 400;

/** Asked twice where the first was lost on its way: a network that is changed breaks what is under way. */
export async function get(path, query) {
  try {
    return await call("GET", path, undefined, query);
  } catch (failed) {
    if (failed.status !== 0) throw failed;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    return call("GET", path, undefined, query);
  }
}

export const post = (path, data = {}) => call("POST", path, data);
