import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Where one authorization server keeps everything: sessions, codes, tokens, grants. Each model has a store of its own.
 */
export function memoryAdapters(): AdapterFactory {
  return (): Adapter => {
    const entries = new Map<string, Entry>();
    // Some tests have ten thousand grants, and end many of them.
    const idsByGrant = new Map<string, Set<string>>();

    const find = (id: string): AdapterPayload | undefined => {
      const entry = entries.get(id);
      return entry === undefined || entry.expiresAt <= Date.now() ? undefined : entry.payload;
    };
    const findBy = (name: "userCode" | "uid", value: string): AdapterPayload | undefined => {
      for (const { payload } of entries.values()) if (payload[name] === value) return payload;
      return undefined;
    };
    const remember = (grantId: string, id: string): void => {
      const ids = idsByGrant.get(grantId) ?? new Set();
      idsByGrant.set(grantId, ids.add(id));
    };

    return {
      upsert: async (id, payload, lifetime) => {
        entries.set(id, { payload, expiresAt: lifetime ? Date.now() + lifetime * 1000 : Infinity });
        if (payload.grantId !== undefined) remember(payload.grantId, id);
      },
      find: async (id) => find(id),
      findByUserCode: async (code) => findBy("userCode", code),
      findByUid: async (uid) => findBy("uid", uid),
      consume: async (id) => {
        const payload = find(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void entries.delete(id),
      revokeByGrantId: async (grantId) => {
        for (const id of idsByGrant.get(grantId) ?? []) entries.delete(id);
        idsByGrant.delete(grantId);
      },
    };
  };
}
