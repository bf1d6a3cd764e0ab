import { createClient } from "graphql-ws";

const client = createClient({
  url: process.env["MAESTRO_URL"]?.replace("http", "ws") ?? "ws://localhost:4000/graphql",
  connectionParams: { authorization: `Bearer ${process.env["TOKEN"]}` },
});

// Keep the last cursor: a new subscription with `after:` continues where this one ended.
const events = client.iterate<{ credentialEvents: { __typename: string; cursor: string } }>({
  query: `subscription ($after: String) {
    credentialEvents(after: $after) { __typename cursor provider { name } label credential { status last4 } }
  }`,
  variables: { after: process.env["AFTER"] },
});

for await (const { data, errors } of events) console.log(JSON.stringify(data?.credentialEvents ?? errors));
