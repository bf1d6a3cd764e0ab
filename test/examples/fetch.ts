import { setTimeout as delay } from "node:timers/promises";
import type { TypedDocumentString } from "../client/gql/graphql.ts";
import { connectMutation, eventsSubscription, stateQuery } from "./operations.ts";

const url = process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql";

function post(accept: string, query: object, variables: object | undefined): Promise<Response> {
  const authorization = `Bearer ${process.env["TOKEN"]}`;
  const headers = { accept, authorization, "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
}

function dataOf(json: string): any {
  const { data, errors } = JSON.parse(json);
  if (data == null) throw new Error(errors[0].message);
  return data;
}

async function send<Data, Variables extends object>(
  query: TypedDocumentString<Data, Variables>,
  variables?: Variables,
): Promise<Data> {
  return dataOf(await (await post("application/json", query, variables)).text());
}

/** Server-sent events without end: after a lost connection it continues after the last event. */
async function* credentialEvents(after: string) {
  for (;;) {
    try {
      const response = await post("text/event-stream", eventsSubscription, { after });
      if (response.status >= 400 && response.status < 500) throw new Error(await response.text());
      let text = "";
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        const messages = (text + chunk).split("\n\n");
        text = messages.pop()!;
        for (const message of messages) {
          const [, json] = /^data: (\{.*)/m.exec(message) ?? [];
          if (json === undefined) continue;
          const { credentialEvents: event } = dataOf(json);
          yield event;
          after = event.cursor;
        }
      }
    } catch (error) {
      // fetch reports a lost connection as a TypeError.
      if (!(error instanceof TypeError)) throw error;
    }
    await delay(1_000);
  }
}

// Read the state first, then subscribe from its cursor, so that no event is missed.
const { viewer } = await send(stateQuery);
const input = { provider: "anthropic", label: "fetch", credential: { apiKey: process.env["API_KEY"] ?? "" } };
console.log(JSON.stringify(await send(connectMutation, { input })));
for await (const event of credentialEvents(viewer.eventCursor)) console.log(JSON.stringify(event));
