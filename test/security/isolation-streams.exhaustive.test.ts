import { afterAll, beforeAll, expect, test } from "vitest";
import { viewerQuery } from "../client/operations.ts";
import { signIn } from "../connect/oauth/oauth-stage.ts";
import { chosen, connectKey, end, revoke, startSession } from "../sessions/session-stage.ts";
import { feeds } from "./feed.ts";
import type { Inhabitant } from "./inhabitant.ts";
import {
  type IsolationStage,
  leakedIn,
  operations,
  setIsolationStage,
  textPositions,
  type Trespass,
  trespassing,
  withoutGiven,
} from "./isolation-stage.ts";
import { twinOf } from "./twin.ts";

let stage: IsolationStage;

beforeAll(async () => {
  stage = await setIsolationStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

/** Every belonging of hers at every place of every subscription. */
function trespasses(): Trespass[] {
  const subscriptions = operations.filter(({ kind }) => kind === "subscription");
  return subscriptions.flatMap((operation) =>
    textPositions(operation).flatMap((position) =>
      stage.hers.map(([, text]): Trespass => ({ operation, position, text })),
    ),
  );
}

/** Lets something of each kind happen to a user. @returns the id of a session that has begun and ended in it. */
async function live({ client, values }: Inhabitant): Promise<string> {
  const session = await startSession(client, "a busy day");
  const label = `label ${crypto.randomUUID()}`;
  const credentialId = await connectKey(client, { api: { ...stage.api, key: values["apiKey"]! } }, { label });
  await chosen(client, session, { method: "API_KEY", label });
  await revoke(client, credentialId);
  await end(client, session);
  return session;
}

/** What came for a subscription, without what was given to it. */
function seenOf(messages: readonly unknown[] | undefined, text: string): string {
  return withoutGiven(JSON.stringify(messages ?? []), text);
}

const control =
  "subscription ($after: String) { events(after: $after) { __typename ... on SessionEvent { session { id } } } }";

test.each(Object.entries(feeds))(
  "over %s no subscription of another user tells anything of hers, whatever of hers it names",
  async (_name, open) => {
    const { alice, bob } = stage;
    await using feed = await open(stage.baseUrl, await stage.token(bob.userId));
    const { eventCursor } = (await bob.client.execute(viewerQuery)).viewer;
    await startSession(bob.client, "before all of it");
    const pairs = trespasses().map((hers) => [hers, { ...hers, text: twinOf(hers.text) }] as const);
    const subscribe = (name: string, trespass: Trespass) =>
      feed.subscribe(name, trespass.operation.query, trespassing(trespass, bob));
    for (const [index, [hers, nobodys]] of pairs.entries()) {
      await subscribe(`hers ${index}`, hers);
      await subscribe(`nobody's ${index}`, nobodys);
    }
    await feed.subscribe("control", control, { after: eventCursor });
    // Once it tells of what was before it, all those before it are open, too.
    await expect.poll(() => feed.came.get("control") ?? [], { timeout: 60_000 }).not.toEqual([]);
    const endOf = async (session: string) => {
      const last = () => JSON.stringify(feed.came.get("control")?.at(-1) ?? "");
      await expect.poll(last, { timeout: 60_000 }).toMatch(new RegExp(`SessionEnded.*${session}`));
    };
    await endOf(await live(bob));

    await live(alice);
    await signIn(alice.client, "anthropic", { label: `label ${crypto.randomUUID()}` });
    // His own comes after hers, twice: what of hers was on its way has come by then.
    await endOf(await live(bob));
    await endOf(await live(bob));
    for (const [index, [hers, nobodys]] of pairs.entries()) {
      const place = `${hers.operation.coordinate}(${hers.position.path.join(".")}) with ${hers.text}`;
      const seen = seenOf(feed.came.get(`hers ${index}`), hers.text);
      expect([place, leakedIn(seen, stage, hers.text)]).toEqual([place, []]);
      // A cursor is a number in one's own stream, so that another number brings other events of his own.
      if (hers.position.path.at(-1) === "after") continue;
      expect([place, seen]).toEqual([place, seenOf(feed.came.get(`nobody's ${index}`), nobodys.text)]);
    }
    const his = JSON.stringify(feed.came.get("control"));
    expect(his.match(/SessionEnded/g)).toHaveLength(3);
    expect(leakedIn(his, stage, "nothing of hers")).toEqual([]);
    await stage.kept.restore();
  },
);
