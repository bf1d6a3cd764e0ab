/**
 * Loaded before a program, moves the clock that the program sees, by the milliseconds in the variable CLOCK_SHIFT_MS.
 */
const shift = Number(process.env["CLOCK_SHIFT_MS"]);
const system = Date;

globalThis.Date = new Proxy(system, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + shift] : args, newTarget),
  apply: (target) => new target(target.now() + shift).toString(),
  get: (target, name) => (name === "now" ? () => target.now() + shift : Reflect.get(target, name)),
});
