// Lets the event loop turn, so that writes under way go on.

/** Resolves when what else waits for the event loop had its turn: completed reads and writes, messages, timers. */
export function nextTurn(): Promise<void> {
  // Node, Deno and Bun have a turn of their own for this; a timer would wait for milliseconds in a page.
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
