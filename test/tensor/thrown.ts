/** The code of the error that a call throws; `undefined` if it throws none. */
export function code(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}
