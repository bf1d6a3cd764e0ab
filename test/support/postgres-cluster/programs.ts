import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";

const packages = "/usr/lib/postgresql";

/** The user that a program runs as. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL's own programs, and who may run them. */
export interface PostgresPrograms {
  /** The folder with `initdb` and `pg_ctl`. */
  readonly folder: string;
  /** Null where it is this process's own user. */
  readonly account: Account | null;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function findFolder(): Promise<string | null> {
  const versions = (await readdir(packages).catch(() => [])).toSorted((a, b) => Number(b) - Number(a));
  const inPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...inPath, ...versions.map((version) => join(packages, version, "bin"))]) {
    const programs = ["initdb", "pg_ctl", "pg_basebackup"].map((name) => isExecutable(join(folder, name)));
    if ((await Promise.all(programs)).every(Boolean)) return folder;
  }
  return null;
}

async function numberOf(option: "-u" | "-g"): Promise<number | null> {
  const child = spawn("id", [option, "postgres"], { stdio: ["ignore", "pipe", "ignore"] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number | null]>]);
  return code === 0 ? Number(output) : null;
}

/** Looks in PATH and then among the system's packages, the newest first; null where a server cannot be run. */
export async function findPrograms(): Promise<PostgresPrograms | null> {
  const folder = await findFolder();
  if (folder === null) return null;
  if (process.getuid?.() !== 0) return { folder, account: null };
  // PostgreSQL refuses to run as root.
  const [uid, gid] = await Promise.all([numberOf("-u"), numberOf("-g")]);
  return uid === null || gid === null ? null : { folder, account: { uid, gid } };
}

/**
 * Runs one of the programs to its end, in a folder that is its user's. @throws Error with what it printed if it fails.
 */
export async function runProgram(
  { folder, account }: PostgresPrograms,
  name: "initdb" | "pg_ctl" | "pg_basebackup" | "pg_dump" | "pg_restore",
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const child = spawn(join(folder, name), args, {
    cwd,
    env: { PATH: folder, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    ...account,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // Not "close": the server that pg_ctl leaves behind has the same outputs.
  const [code] = (await once(child, "exit")) as [number | null];
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${output}`);
}
