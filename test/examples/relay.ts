import relay from "relay-runtime";
// What relay-compiler makes of a graphql`…` tag.
import connectMutation, { type relayConnectMutation } from "./__generated__/relayConnectMutation.graphql.ts";
import eventsSubscription, { type relayEventsSubscription } from "./__generated__/relayEventsSubscription.graphql.ts";
import stateQuery, { type relayStateQuery } from "./__generated__/relayStateQuery.graphql.ts";
import { openSocket, subscribeResuming } from "./resume.ts";

const url = process.env["MAESTRO_URL"] ?? "http://localhost:4000/graphql";
const headers = { authorization: `Bearer ${process.env["TOKEN"]}` };

const socket = openSocket(url);
const network = relay.Network.create(
  async ({ text: query }, variables) => {
    const body = JSON.stringify({ query, variables });
    const init = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body };
    return (await (await fetch(url, init)).json()) as relay.GraphQLResponse;
  },
  ({ text: query }, variables) =>
    relay.Observable.create((sink) => subscribeResuming(socket, { query: query ?? "", variables }, sink)),
);
const environment = new relay.Environment({ network, store: new relay.Store(new relay.RecordSource()) });

// Read the state first, then subscribe from its cursor, so that no event is missed.
const state = await relay.fetchQuery<relayStateQuery>(environment, stateQuery, {}).toPromise();
relay.requestSubscription<relayEventsSubscription>(environment, {
  subscription: eventsSubscription,
  variables: { after: state?.viewer.eventCursor },
  onNext: (data) => console.log(JSON.stringify(data?.credentialEvents)),
  onError: (error) => console.error(error.message),
});

const apiKey = process.env["API_KEY"] ?? "";
relay.commitMutation<relayConnectMutation>(environment, {
  mutation: connectMutation,
  variables: { input: { provider: "anthropic", label: "relay", credential: { apiKey } } },
  onCompleted: (data) => console.log(JSON.stringify(data)),
});
