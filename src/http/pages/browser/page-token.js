import { noAnswer, Refusal } from "./refusal.js";

/**
 * Where the page holds what the server made it with: JSON in a script element, in which no text can end the element.
 * @param {string} html
 * @returns {string | null} the token; null where there is none
 */
export function tokenInPage(html) {
  const [, data] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  return data === undefined ? null : (JSON.parse(data).token ?? null);
}

const withoutToken =
  "The server gives this page no new token: its pages carry one only for browsers on the server's own machine. " +
  "Open this page there, or paste a token that `maestro-auth token` prints into GraphiQL.";

/**
 * Loads the page's own address again and takes the token from it. The server decides as it did when the page was
 * opened: only a browser on its own machine, under a name of its own, is given one.
 * @param {string} reason why the server refused the last one
 * @returns {Promise<string>}
 */
async function loadToken(reason) {
  const response = await fetch(location.pathname, { headers: { accept: "text/html" }, cache: "no-store" }).catch(() => {
    throw noAnswer();
  });
  if (response.status >= 500) throw noAnswer();
  const token = response.ok ? tokenInPage(await response.text()) : null;
  if (token === null) throw new Refusal("stop", `${reason} ${withoutToken}`);
  return token;
}

/** The token that the page acts with. The server puts another one into the page when this one has ended. */
export class PageToken {
  /**
   * @param {string} token
   * @param {(reason: string) => Promise<string>} load
   */
  constructor(token, load = loadToken) {
    this.current = token;
    /** Every token that the page has had. */
    this.own = new Set([token]);
    /** @type {Promise<void> | null} */
    this.loading = null;
    this.load = load;
  }

  /**
   * Gets a new token in the place of one that the server refused. Requests that were refused together share one renewal.
   * @param {string} refused
   * @param {string} reason the server's
   * @returns {Promise<string>}
   * @throws {Refusal} where there is no other token to be had
   */
  async renew(refused, reason) {
    if (this.current === refused) await (this.loading ??= this.replace(reason).finally(() => (this.loading = null)));
    return this.current;
  }

  /** @param {string} reason */
  async replace(reason) {
    const token = await this.load(reason);
    if (this.own.has(token)) {
      throw new Refusal(
        "stop",
        `The server refuses the token that it puts into this page: ${reason} Restart the server.`,
      );
    }
    this.own.add(token);
    this.current = token;
  }
}
