import { sayWhen } from "./connection.js";
import { byId, element, pause } from "./dom.js";
import { connection } from "./landing-connection.js";
import { noAnswer, Refusal } from "./refusal.js";

/**
 * @typedef {{ method: "API_KEY" | "OAUTH", available: boolean }} Method
 * @typedef {"UNKNOWN" | "HEALTHY" | "DEGRADED" | "DOWN"} Health
 * @typedef {{
 *   displayName: string,
 *   health: { status: Health, complaint: string | null },
 *   methods: Method[],
 * }} ShownProvider
 */

const healthWords = { UNKNOWN: "not called yet", HEALTHY: "answers", DEGRADED: "in trouble", DOWN: "down" };
export const methodWords = { API_KEY: "API key", OAUTH: "OAuth" };

/** Seconds between two looks. */
const lookInterval = 10;

/** @param {ShownProvider} provider */
function providerCard({ displayName, health, methods }) {
  const card = element("li", "", { className: "card" });
  const row = element("div", "", { className: "row" });
  const state = element("span", healthWords[health.status], { className: "health" });
  state.dataset["status"] = health.status;
  row.append(element("h3", displayName), state);
  const list = element("ul", "", { className: "methods" });
  for (const { method, available } of methods) {
    const text = methodWords[method] + (available ? ": available" : ": not configured");
    list.append(element("li", text, { className: available ? "" : "off" }));
  }
  card.append(row, list);
  if (health.complaint) card.append(element("p", health.complaint, { className: "quiet" }));
  return card;
}

const providersQuery = "{ providers { name displayName health { status complaint } methods { method available } } }";

/**
 * Shows whether the providers answer.
 * @returns {Promise<number | null>} after how many seconds to look again; null: never
 */
export async function showProviders() {
  const state = byId("providers-state");
  try {
    /** @type {ShownProvider[]} */
    const list = await connection.ask(providersQuery);
    byId("providers").replaceChildren(...list.map(providerCard));
    const time = new Date().toLocaleTimeString("en-GB");
    state.textContent = `As of ${time}, updated every ${lookInterval} seconds.`;
    return lookInterval;
  } catch (error) {
    const refusal = error instanceof Refusal ? error : noAnswer();
    const seconds = Math.max(refusal.seconds, lookInterval);
    state.textContent = sayWhen(refusal, seconds);
    return refusal.reaction === "stop" ? null : seconds;
  }
}

export async function keepShowingProviders() {
  for (;;) {
    const seconds = document.hidden ? lookInterval : await showProviders();
    if (seconds === null) return;
    await pause(seconds * 1000);
  }
}
