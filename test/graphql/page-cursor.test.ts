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

const noRowIds = ["not-a-uuid", `${id.slice(0, -1)}g`, `${id}0`.slice(1), "1", "' or true --"];

test.each(noRowIds)("a cursor whose id no row can have is none: %s", async (rowId) => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  for (const name of ["after", "before"]) {
    const cursor = Buffer.from(`c1.0.${rowId}`).toString("base64url");
    const answer = await (await client.post({ query, variables: { [name]: cursor } })).json();
    expect(answer).toMatchObject({ data: null, errors: [{ extensions: { code: "VALIDATION_FAILED" } }] });
  }
});

test("the audit log's cursors have its own kind of id: a number that a row can have", async () => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  const auditLog = "query ($after: String) { viewer { auditLog(after: $after) { nodes { id } } } }";
  const ask = async (rowId: string) => {
    const after = Buffer.from(`c1.0.${rowId}`).toString("base64url");
    return (await client.post({ query: auditLog, variables: { after } })).json();
  };
  for (const rowId of [id, "0x1", "-1", "1.5", "9".repeat(19), "9".repeat(36)]) {
    expect(await ask(rowId)).toMatchObject({ data: null, errors: [{ extensions: { code: "VALIDATION_FAILED" } }] });
  }
  expect(await ask("1")).toEqual({ data: { viewer: { auditLog: { nodes: [] } } } });
});

test.each(["0", "253402300799999"])("a cursor that is made up is a place like any other: %s", async (time) => {
  await using server = await startTestApp();
  const client = await server.client("alice");
  for (const name of ["after", "before"]) {
    const answer = await (await client.post({ query, variables: { [name]: cursorAt(time) } })).json();
    expect(answer).toEqual({ data: { viewer: { credentials: { nodes: [] }, sessions: { nodes: [] } } } });
  }
});
