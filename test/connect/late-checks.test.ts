import { expect, test } from "vitest";
import { validateCredentialMutation } from "../client/operations.ts";
import { connectKey, eventTypes, setSessionStage, StillClock } from "../sessions/session-stage.ts";
import { holdableDatabase } from "../support/holdable-database.ts";
import { dump } from "./oauth/oauth-stage.ts";

/** A check whose answer has come from the provider, but is not written down when the user stores another key. */
async function overtakenCheck(isAccepted: boolean) {
  const { database, hold } = await holdableDatabase();
  const clock = new StillClock();
  const stage = await setSessionStage({ database, clock });
  const client = await stage.client("alice");
  const credentialId = await connectKey(client, stage);
  if (!isAccepted) stage.api.validKeys.delete(stage.api.key);
  const held = hold();
  const check = client.execute(validateCredentialMutation, { input: { credentialId } });
  await held.reached;

  stage.api.validKeys.add(stage.api.key);
  expect(await connectKey(client, stage)).toBe(credentialId);
  const [stored] = await dump(database, "provider_credentials");
  clock.advance(60);
  held.release();
  const { validateCredential: answer } = await check;
  const [row] = await dump(database, "provider_credentials");
  return { stage, answer, stored, row, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

test("the refusal of a key that was replaced meanwhile does not mark the key that has replaced it", async () => {
  await using overtaken = await overtakenCheck(false);
  expect(overtaken.answer.__typename).toBe("InvalidCredentialError");
  expect(overtaken.row).toBe(overtaken.stored);
  expect(await eventTypes(overtaken.stage, "alice")).toEqual(["CredentialStored", "CredentialStored"]);
});

test("that the provider accepts a key that was replaced meanwhile says nothing of the one that has replaced it", async () => {
  await using overtaken = await overtakenCheck(true);
  expect(overtaken.row).toBe(overtaken.stored);
});
