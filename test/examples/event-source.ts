import { EventSource } from "eventsource";
import { connectMutation, eventsSubscription, stateQuery } from "./operations.ts";

const url = process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql";
const headers = { authorization: `Bearer ${process.env["TOKEN"]}`, "content-type": "application/json" };

async function send(query: object, variables: object) {
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return ((await response.json()) as { data: any }).data;
}

// Read the state first, then subscribe from its cursor, so that no event is missed.
let after = (await send(stateQuery, {})).viewer.eventCursor;

const source = new EventSource(url, {
  // Called again after each lost connection, so it continues after the last event.
  fetch: (url, init) =>
    fetch(url, {
      ...init,
      method: "POST",
      headers: { ...init.headers, ...headers },
      body: JSON.stringify({ query: eventsSubscription, variables: { after } }),
    }),
});
source.addEventListener("next", (message) => {
  const { data, errors } = JSON.parse(message.data);
  console.log(JSON.stringify(data?.credentialEvents ?? errors));
  after = data?.credentialEvents.cursor ?? after;
});
// Without this, a program that does nothing else would exit while EventSource waits to reconnect.
const alive = setInterval(() => {}, 60_000);
// The subscription has ended, for example because the token expired. Without this it would reconnect forever.
source.addEventListener("complete", () => {
  clearInterval(alive);
  source.close();
});

const credential = { apiKey: process.env["API_KEY"] ?? "" };
const input = { provider: "anthropic", label: "event-source", credential };
console.log(JSON.stringify(await send(connectMutation, { input })));
