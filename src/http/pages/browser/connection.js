/** @import { PageToken } from "./page-token.js" */
import { readEvents } from "./event-stream.js";
import { noAnswer, Refusal, refusalOf, readRefusal, timeIn } from "./refusal.js";

/**
 * The landing page's way to the API. What the server has refused for good is not asked again, and after a refusal with
 * a time nothing is asked before that time.
 */
export class Connection {
  /**
   * @param {{
   *   endpoint: string,
   *   token: PageToken,
   *   onEnd: (reason: string) => void,
   *   fetch?: typeof globalThis.fetch,
   * }} options `onEnd` is called once, when the page stops asking
   */
  constructor({ endpoint, token, onEnd, fetch = (...args) => globalThis.fetch(...args) }) {
    this.endpoint = endpoint;
    this.token = token;
    this.onEnd = onEnd;
    this.fetch = fetch;
    /** @type {Refusal | null} */
    this.end = null;
    /** Milliseconds since 1970. */
    this.closedUntil = 0;
    this.closedBecause = "";
  }

  /**
   * @param {string} accept
   * @param {{ query: string, variables?: object | undefined }} operation
   * @param {AbortSignal} [signal]
   * @returns {Promise<Response>} of status 200
   * @throws {Refusal}
   */
  async post(accept, operation, signal) {
    if (this.end !== null) throw this.end;
    const seconds = Math.ceil((this.closedUntil - Date.now()) / 1000);
    if (seconds > 0) throw new Refusal("wait", this.closedBecause, seconds);
    const token = this.token.current;
    let response = await this.send(token, accept, operation, signal);
    if (response.ok) return response;
    let refusal = await refusalOf(response);
    if (refusal.reaction === "renew") {
      try {
        const renewed = await this.token.renew(token, refusal.message);
        response = await this.send(renewed, accept, operation, signal);
        if (response.ok) return response;
        refusal = await refusalOf(response);
      } catch (error) {
        refusal = error instanceof Refusal ? error : noAnswer();
      }
    }
    throw this.refuse(refusal);
  }

  /**
   * @param {string} token
   * @param {string} accept
   * @param {object} operation
   * @param {AbortSignal | undefined} signal
   */
  async send(token, accept, operation, signal) {
    try {
      return await this.fetch(this.endpoint, {
        method: "POST",
        headers: { accept, "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify(operation),
        signal: signal ?? null,
      });
    } catch {
      throw noAnswer();
    }
  }

  /**
   * Remembers what a refusal means for later requests.
   * @param {Refusal} refusal
   */
  refuse(refusal) {
    if (refusal.reaction === "wait") {
      this.closedUntil = Date.now() + refusal.seconds * 1000;
      this.closedBecause = refusal.message;
      return refusal;
    }
    // A new token that is refused at once would be renewed for ever.
    if (refusal.reaction !== "stop" && refusal.reaction !== "renew") return refusal;
    if (this.end === null) {
      this.end = new Refusal("stop", refusal.message);
      this.onEnd(refusal.message);
    }
    return this.end;
  }

  /**
   * @param {string} query
   * @param {object} [variables]
   * @returns {Promise<any>} the value of its one field
   * @throws {Refusal}
   */
  async ask(query, variables) {
    const response = await this.post("application/json", { query, variables });
    const { data, errors } = await response.json().catch(() => ({}));
    if (errors || !data) {
      const refusal = readRefusal({ status: 200, errors });
      // A limit of one operation keeps no other from being asked.
      throw refusal.reaction === "wait" ? refusal : this.refuse(refusal);
    }
    const [result] = Object.values(data);
    // Every expected refusal is a type of its own, with a message for people.
    if (result?.__typename?.endsWith("Error")) throw new Error(result.message);
    return result;
  }

  /**
   * @param {string} query
   * @param {object} variables
   * @param {() => void} [onOpen] called once the server has taken the subscription
   * @returns {AsyncGenerator<any, void, void>} the values of its one field
   * @throws {Refusal}
   */
  async *subscribe(query, variables, onOpen = () => {}) {
    const response = await this.post("text/event-stream", { query, variables });
    const isStream = response.headers.get("content-type")?.includes("text/event-stream");
    if (!isStream) throw this.refuse(await refusalOf(response));
    onOpen();
    for await (const { data, errors } of readEvents(response)) {
      if (errors) throw readRefusal({ status: 200, errors });
      yield Object.values(data)[0];
    }
  }
}

/**
 * What a page says while it waits to ask again.
 * @param {Refusal} refusal
 * @param {number} seconds
 */
export function sayWhen({ reaction, message }, seconds) {
  return reaction === "stop" ? "No longer updated." : `${message} This page asks again at ${timeIn(seconds)}.`;
}
