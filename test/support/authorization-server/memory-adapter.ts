import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Where one authorization server keeps everything: sessions, codes, tokens, grants. */
export function memoryAdapters(): AdapterFactory {
  const entries = new Map<string, Entry>();

  return (model): Adapter => {
    const key = (id: string): string => `${model}:${id}`;
    const find = (id: string): AdapterPayload | undefined => {
      const entry = entries.get(key(id));
      return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry.payload;
    };
    const findBy = (name: "userCode" | "uid", value: string): AdapterPayload | undefined =>
      [...entries]
        .filter(([id]) => id.startsWith(key("")))
        .map(([, { payload }]) => payload)
        .find((payload) => payload[name] === value);

    return {
      upsert: async (id, payload, lifetime) => {
        entries.set(key(id), { payload, expiresAt: lifetime ? Date.now() + lifetime * 1000 : Infinity });
      },
      find: async (id) => find(id),
      findByUserCode: async (code) => findBy("userCode", code),
      findByUid: async (uid) => findBy("uid", uid),
      consume: async (id) => {
        const payload = find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void entries.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [id, { payload }] of entries) if (payload.grantId === grantId) entries.delete(id);
      },
    };
  };
}
