/*
 * Mutation testing of the two rooms on which everything rests; by hand, for it takes a quarter of an hour:
 *
 *     npx stryker run [--mutate 'src/format/header/scan.ts']
 */
export default {
  testRunner: "in-process",
  plugins: ["./test/reliability/mutation/runner.mjs"],
  mutate: ["src/format/**/*.ts", "src/tree/**/*.ts"],
  // A mutation that only makes an error's words worse is no fault that a test should hold on to.
  mutator: { excludedMutations: ["StringLiteral"] },
  // Environments of other suites, which have links that can't be copied.
  ignorePatterns: [".tmp", "interop/.venv", "interop/**/target", "reports"],
  incremental: true,
  incrementalFile: "reports/stryker-incremental.json",
  reporters: ["clear-text", "json", "progress"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  // Of the dry run's time, most is counting.
  timeoutFactor: 0.2,
  timeoutMS: 4_000,
};
