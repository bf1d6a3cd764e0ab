import { once } from "node:events";
import { access } from "node:fs/promises";
import pg from "pg";
import { expect, test } from "vitest";
import { PostgresCluster } from "./postgres-cluster.ts";

const programs = await PostgresCluster.find();

async function connect({ url }: PostgresCluster): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** The first value of the first row. */
async function query(client: pg.Client, statement: string): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text: statement, rowMode: "array" });
  return rows[0]?.[0];
}

test.skipIf(programs === null)(
  "a cluster of one's own keeps what was committed through an immediate stop",
  async () => {
    let folder: string;
    {
      await using cluster = await PostgresCluster.create(programs!);
      const client = await connect(cluster);
      expect(await query(client, "show max_connections")).toBe("100");
      folder = String(await query(client, "show unix_socket_directories"));
      await client.query("create table kept (id int); insert into kept values (1), (2)");
      await client.query("begin; insert into kept values (3)");

      const ended = once(client, "error");
      await cluster.stopImmediately();
      await ended;
      await expect(connect(cluster)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await cluster.start();
      const second = await connect(cluster);
      expect(await query(second, "select count(*)::int from kept")).toBe(2);
      await second.query("insert into kept values (4)");

      second.on("error", () => {});
      await cluster.restart();
      const third = await connect(cluster);
      expect(await query(third, "select max(id) from kept")).toBe(4);
      await third.end();
    }
    await expect(access(folder)).rejects.toMatchObject({ code: "ENOENT" });
  },
);
