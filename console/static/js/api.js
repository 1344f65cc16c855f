// Requests to the console's API. Requests that change state carry the CSRF token of the session.

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

let session = null;
let asking = null;

async function send(method, url, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Problem(0, "The console does not respond. Run `make status` to check whether it is running.");
  }
  const text = await answer.text();
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    content = null;
  }
  if (!answer.ok) {
    throw new Problem(answer.status, content?.detail ?? `HTTP status ${answer.status}`);
  }
  return content;
}

export const getJson = (url) => send("GET", url);
export const ask = (queries) => send("POST", "/api/query", { queries }).then((content) => content.answers);

// One request serves all callers: the page frame and the page need the session at the same time.
export function whoIsIn(isFresh = false) {
  if (!asking || isFresh) {
    asking = send("GET", "/api/session").then((answer) => (session = answer));
  }
  return asking;
}

export async function signIn(email, password) {
  session = await send("POST", "/api/session", { email, password });
  asking = Promise.resolve(session);
  return session;
}

export async function signOut() {
  await change("DELETE", "/api/session");
  session = { signed_in: false };
  asking = Promise.resolve(session);
}

export async function change(method, url, body) {
  const known = session ?? (await whoIsIn());
  return send(method, url, body, known.signed_in ? { "X-CSRF-Token": known.csrf } : {});
}
