import { expect, test } from "vitest";
import { startTestApp } from "../support/test-app.ts";

const query = `query ($after: String, $before: String) {
  viewer { credentials(after: $after, before: $before) { nodes { id } } sessions(after: $after, before: $before) { nodes { id } } }
}`;

const id = "00000000-0000-4000-8000-000000000000";

/** A cursor of a connection's form, at any time in milliseconds. */
const cursorAt = (time: string) => Buffer.from(`c1.${time}.${id}`).toString("base64url");

test.each(["253402300800000", "999999999999999"])(
  "a cursor at a time that no row can have is none: %s",
  async (time) => {
    await using server = await startTestApp();
    const client = await server.client("alice");
    for (const name of ["after", "before"]) {
      const answer = await (await client.post({ query, variables: { [name]: cursorAt(time) } })).json();
      const errors = [{ extensions: { code: "VALIDATION_FAILED" } }];
      expect(answer).toMatchObject({ data: null, errors });
    }
  },
);

test.each(["0", "253402300799999"])("a cursor that is made up is a place like any other: %s", async (time) => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  for (const name of ["after", "before"]) {
    const answer = await (await client.post({ query, variables: { [name]: cursorAt(time) } })).json();
    expect(answer).toEqual({ data: { viewer: { credentials: { nodes: [] }, sessions: { nodes: [] } } } });
  }
});
