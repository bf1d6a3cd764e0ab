import { execFile } from "node:child_process";
import { chown } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Files of a certificate authority and of what it has signed, each in PEM. */
export interface Certificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes an authority and a certificate of it in a folder, with the system's openssl. Several sets may share a folder.
 * @param names as a certificate has them: `DNS:localhost`, `IP:127.0.0.1`
 * @param owner who alone may read the key, as PostgreSQL asks for
 */
export async function createCertificates(
  folder: string,
  {
    set,
    names,
    owner,
  }: {
    readonly set: string;
    readonly names: readonly string[];
    readonly owner?: { readonly uid: number; readonly gid: number } | null;
  },
): Promise<Certificates> {
  const file = (name: string) => join(folder, `${set}-${name}`);
  const [authority, authorityKey, certificate, key] = ["ca.crt", "ca.key", "server.crt", "server.key"].map(file);
  const sign = async (subject: string, outputs: readonly string[], further: readonly string[] = []) => {
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    await run("openssl", args.concat("-subj", `/CN=${subject}`, "-keyout", outputs[0]!, "-out", outputs[1]!, further));
  };
  await sign(`${set} authority`, [authorityKey!, authority!]);
  const extensions = ["-addext", `subjectAltName=${names.join(",")}`, "-addext", "basicConstraints=critical,CA:FALSE"];
  await sign("server", [key!, certificate!], ["-CA", authority!, "-CAkey", authorityKey!, ...extensions]);
  if (owner != null) await chown(key!, owner.uid, owner.gid);
  return { authority: authority!, certificate: certificate!, key: key! };
}
