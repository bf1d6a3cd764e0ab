import { defineEntity, p } from "@mikro-orm/core";

/** The table `server_processes`: which keys each running server has opened, as it last said. */
export const ServerProcessEntity = defineEntity({
  name: "ServerProcess",
  tableName: "server_processes",
  properties: {
    id: p.uuid().primary(),
    /** The machine and the process, for a person. */
    name: p.string().length(255),
    /** The keys of `encryption_keys` that it has opened. */
    keyIds: p.json<number[]>(),
    /** The key-encryption keys of its CREDENTIAL_ENCRYPTION_KEY, by their names. */
    kekIds: p.json<string[]>(),
    sealingKeyId: p.integer(),
    startedAt: p.datetime(3),
    seenAt: p.datetime(3),
  },
});
