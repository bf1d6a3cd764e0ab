// GraphiQL would keep variables, and with them a user's key, in localStorage, and the query in the address and the
// browser's history. And it would open with what another server's GraphiQL left on the same port.
const noStorage = { getItem: () => null, setItem() {}, removeItem() {} };
Object.defineProperty(window, "localStorage", { value: noStorage });
history.replaceState = () => {};
