/** As `describe`; where this is not root the tests are skipped, and say that this is why. */
export function describeAsRoot(name: string, tests: () => void): void {
  if (process.getuid?.() === 0) describe(name, tests);
  else describe.skip(`${name} (needs root)`, tests);
}
