import { connectMutation, eventsSubscription, stateQuery } from "./operations.ts";
import { openSocket, subscribeResuming } from "./resume.ts";

const client = openSocket(process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql");

/** Queries and mutations use the same socket. */
async function send(query: string, variables: Record<string, unknown> = {}): Promise<any> {
  const { value } = await client.iterate({ query, variables }).next();
  return value.data;
}

// Read the state first, then subscribe from its cursor, so that no event is missed.
const { viewer } = await send(stateQuery.toString());
const query = eventsSubscription.toString();
subscribeResuming(
  client,
  { query, variables: { after: viewer.eventCursor } },
  {
    next: ({ data, errors }) => console.log(JSON.stringify(data?.credentialEvents ?? errors)),
    error: (error) => console.error(error),
    complete: () => console.log("The subscription has ended."),
  },
);

const input = { provider: "anthropic", label: "graphql-ws", credential: { apiKey: process.env["API_KEY"] ?? "" } };
console.log(JSON.stringify(await send(connectMutation.toString(), { input })));
