// @ts-check
/** What the page's server keeps for the stand-ins (keeping.py), for a script that runs without one. */

/**
 * @param {{ email: string, answer?: unknown }} person who is asking, and what they answer to every dialog
 * @returns {import("../standins/host.js").HttpSync} for the paths /kept, /locks, /answers and /identity
 */
export function keptHere({ email, answer = { button: "OK", text: "" } }) {
  /** @type {Map<string, Map<string, { text: string, until: number }>>} */
  const areas = new Map();
  /** @type {Map<string, string>} */
  const locks = new Map();

  /** @param {string} area @param {any} change */
  const change = (area, { clear = false, remove = [], put = {}, expires_in_s = null, get = [] }) => {
    const entries = areas.get(area) ?? new Map();
    areas.set(area, entries);
    if (clear) entries.clear();
    for (const key of remove) entries.delete(key);
    const until = expires_in_s === null ? Number.POSITIVE_INFINITY : Date.now() + expires_in_s * 1000;
    for (const [key, text] of Object.entries(put)) entries.set(key, { text, until });
    const there = (get ?? [...entries.keys()]).filter(
      (/** @type {string} */ key) => (entries.get(key)?.until ?? 0) > Date.now(),
    );
    return Object.fromEntries(there.map((/** @type {string} */ key) => [key, entries.get(key)?.text]));
  };
  /** @param {string} name @param {any} turn */
  const lock = (name, { holder, release = false }) => {
    const other = locks.get(name) ?? holder;
    if (release && other === holder) locks.delete(name);
    else if (other === holder) locks.set(name, holder);
    return { held: !release && other === holder };
  };
  return (method, path, _headers, body) => {
    const [, service, name = ""] = path.split("/").map(decodeURIComponent);
    const given = body === undefined ? {} : JSON.parse(body);
    const answers = {
      kept: () => change(name, given),
      locks: () => lock(name, given),
      answers: () => answer,
      identity: () => ({
        token: name === "openid" ? unsignedToken({ email, aud: "this-script" }) : `${name}-token-of-${email}`,
      }),
    };
    const made = answers[/** @type {keyof typeof answers} */ (service)];
    if (!made) throw new Error(`There is no page server here for ${method} ${path}.`);
    return { status: 200, headers: {}, body: JSON.stringify(made()) };
  };
}

/**
 * @param {object} claims
 * @returns {string} in the form of an OpenID token
 */
function unsignedToken(claims) {
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.unsigned`;
}
