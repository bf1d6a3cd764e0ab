import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from "@apollo/client";
import { OperationTypeNode, print } from "graphql";
import { Observable } from "rxjs";
import type { TypedDocumentString } from "../client/gql/graphql.ts";
import { connectMutation, eventsSubscription, stateQuery } from "./operations.ts";
import { openSocket, subscribeResuming } from "./resume.ts";

const uri = process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql";
const headers = { authorization: `Bearer ${process.env["TOKEN"]}` };

const socket = openSocket(uri);
const overWebSocket = new ApolloLink(
  ({ query, variables }) =>
    new Observable((observer) => subscribeResuming(socket, { query: print(query), variables }, observer)),
);
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    overWebSocket,
    new HttpLink({ uri, headers }),
  ),
  cache: new InMemoryCache(),
});

function typed<Data, Variables>(document: TypedDocumentString<Data, Variables>) {
  return gql(document.toString()) as TypedDocumentNode<Data, Variables & Record<string, unknown>>;
}

// Read the state first, then subscribe from its cursor, so that no event is missed.
const { data } = await client.query({ query: typed(stateQuery) });
client
  .subscribe({ query: typed(eventsSubscription), variables: { after: data?.viewer.eventCursor } })
  .subscribe(({ data, error }) => console.log(JSON.stringify(data?.credentialEvents ?? error)));

const input = { provider: "anthropic", label: "apollo", credential: { apiKey: process.env["API_KEY"] ?? "" } };
const connected = await client.mutate({ mutation: typed(connectMutation), variables: { input } });
console.log(JSON.stringify(connected.data));
