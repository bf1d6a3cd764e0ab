/** @import { PageToken } from "./page-token.js" */
import { noAnswer, Refusal, refusalOf, timeIn } from "./refusal.js";

/**
 * @typedef {{
 *   token: PageToken | null,
 *   tell: (text: string) => void,
 *   send?: typeof globalThis.fetch,
 * }} AskingOptions the page's token, where it has one, and where the reader is told of refusals
 */

/** @param {string} token */
const bearer = (token) => `Bearer ${token}`;

/**
 * @param {RequestInit} init
 * @param {string} token
 * @returns {RequestInit}
 */
function authorizedBy(init, token) {
  const headers = new Headers(init.headers);
  headers.set("authorization", bearer(token));
  return { ...init, headers };
}

/**
 * Sends GraphiQL's requests. One with a token of the page is sent with the page's newest; one that the reader wrote is
 * sent as it is. After an answer that names a time, the same authorization is not tried again before.
 */
export class Asking {
  /** @param {AskingOptions} options */
  constructor({ token, tell, send = (...args) => globalThis.fetch(...args) }) {
    this.token = token;
    this.tell = tell;
    this.send = send;
    /**
     * By authorization: until when, in milliseconds since 1970, and what the server answered.
     * @type {Map<string, { until: number, answer: Response }>}
     */
    this.limited = new Map();
  }

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} the server's answer, also where it refuses
   */
  async fetch(input, init = {}) {
    const given = new Headers(init.headers).get("authorization") ?? "";
    const isOwn = this.token?.own.has(given.replace(/^Bearer /, "")) === true;
    const token = isOwn ? this.token : null;
    const authorization = token === null ? given : bearer(token.current);
    const limited = this.limited.get(authorization);
    if (limited !== undefined && Date.now() < limited.until) {
      this.tellOf(new Refusal("wait", "Not sent.", (limited.until - Date.now()) / 1000));
      return limited.answer.clone();
    }
    this.limited.delete(authorization);
    const tried = token?.current;
    const answer = await this.sendTelling(input, tried === undefined ? init : authorizedBy(init, tried));
    if (answer.ok) return answer;
    const refusal = await refusalOf(answer.clone());
    if (refusal.reaction === "renew" && token !== null && tried !== undefined) {
      return this.sendRenewed(answer, input, init, { token, tried, reason: refusal.message });
    }
    this.remember(authorization, refusal, answer);
    this.tellOf(refusal);
    return answer;
  }

  /**
   * @param {Response} refused what is answered where there is no new token
   * @param {RequestInfo | URL} input
   * @param {RequestInit} init
   * @param {{ token: PageToken, tried: string, reason: string }} why
   */
  async sendRenewed(refused, input, init, { token, tried, reason }) {
    try {
      const renewed = await token.renew(tried, reason);
      const answer = await this.sendTelling(input, authorizedBy(init, renewed));
      if (answer.ok) {
        this.tell(
          "The server no longer took the page's token, so the page got a new one. Reload to see it in Headers.",
        );
      } else {
        const refusal = await refusalOf(answer.clone());
        this.remember(bearer(renewed), refusal, answer);
        this.tellOf(refusal);
      }
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.tellOf(error);
      return refused;
    }
  }

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} init
   */
  async sendTelling(input, init) {
    try {
      return await this.send(input, init);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) this.tellOf(noAnswer());
      throw error;
    }
  }

  /**
   * @param {string} authorization
   * @param {Refusal} refusal
   * @param {Response} answer
   */
  remember(authorization, { reaction, seconds }, answer) {
    if (reaction !== "wait" || answer.status !== 429) return;
    this.limited.set(authorization, { until: Date.now() + seconds * 1000, answer: answer.clone() });
  }

  /** @param {Refusal} refusal */
  tellOf(refusal) {
    this.tell(howToGoOn(refusal));
  }
}

/**
 * A refusal with what the reader can do, for the foot of GraphiQL.
 * @param {Refusal} refusal
 */
export function howToGoOn({ reaction, message, seconds }) {
  if (reaction === "renew") return `${message} Put another token into Headers; a reload of the page may bring one.`;
  if (reaction === "wait") return `${message} Run it again after ${timeIn(seconds)}.`;
  if (reaction === "restart") {
    return `${message} Set "after" to null to go on from now; the query of tab 1 shows what is stored.`;
  }
  return reaction === "retry" ? `${message} Run it again once the server is back.` : message;
}
