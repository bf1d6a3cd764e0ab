import { fail, type Finding, ok } from "./check.ts";

/** The first version with `using` and AsyncDisposableStack. */
const oldest = [24, 0] as const;

export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  if (isEnough) return ok(`Node ${version}`);
  return fail(
    `Node ${version} is older than ${oldest.join(".")}, which this server needs.`,
    "Install a newer Node, or use `npm start`, which runs the one that npm installed.",
  );
}
