/*
 * Mutation testing of the two rooms on which everything rests; by hand, for it takes long:
 *
 *     npx stryker run [--mutate 'src/format/scan.ts']
 */
export default {
  testRunner: "in-process",
  plugins: ["./test/reliability/mutation/runner.mjs"],
  mutate: ["src/format/**/*.ts", "src/tree/**/*.ts"],
  // A mutation that only makes an error's words worse is no fault that a test should hold on to.
  mutator: { excludedMutations: ["StringLiteral"] },
  ignoreStatic: true,
  incremental: true,
  incrementalFile: "reports/stryker-incremental.json",
  reporters: ["clear-text", "json", "progress"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  timeoutMS: 10_000,
};
