/**
 * The server's side of `startServerProcess`: tells the bench the port, and closes when the bench lets go of it, or is
 * gone in whatever way.
 */
export function reportPort(port: number, close: () => PromiseLike<void>): void {
  // A terminal sends Ctrl-C to this process too; the bench decides when it ends.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
  process.once("disconnect", () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
  if (process.connected) process.send!(port);
  else process.emit("disconnect");
}
