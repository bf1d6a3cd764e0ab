import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { connectMutation, eventsSubscription, stateQuery } from "./operations.ts";
import { openSocket, subscribeResuming } from "./resume.ts";

const url = process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql";
const headers = { authorization: `Bearer ${process.env["TOKEN"]}` };

const socket = openSocket(url);
const client = new Client({
  url,
  fetchOptions: { headers },
  preferGetMethod: false,
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = "", variables }) => ({
        subscribe: (sink) => ({ unsubscribe: subscribeResuming(socket, { query, variables }, sink) }),
      }),
    }),
  ],
});

// Read the state first, then subscribe from its cursor, so that no event is missed.
const { data } = await client.query(stateQuery.toString(), {}).toPromise();
client
  .subscription(eventsSubscription.toString(), { after: data?.viewer.eventCursor })
  .subscribe(({ data, error }) => console.log(JSON.stringify(data?.credentialEvents ?? error)));

const input = { provider: "anthropic", label: "urql", credential: { apiKey: process.env["API_KEY"] ?? "" } };
const connected = await client.mutation(connectMutation.toString(), { input }).toPromise();
console.log(JSON.stringify(connected.data));
