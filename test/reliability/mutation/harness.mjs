/* What the tests of the mutated rooms use of Vitest, without Vitest: see runner.mjs. */
import { format } from "node:util";
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from "@vitest/expect";
import * as chai from "chai";

/** Every test that has been loaded: `run` gives the failure, or nothing. */
export const tests = [];

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export const expect = (value, message) => chai.expect(value, message);
Object.assign(expect, chai.expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT]);
expect.unreachable = (message) => {
  throw new Error(message ?? "unreachable");
};
setState({}, expect);
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, configurable: true });
chai.expect.extend(expect, customMatchers);

let group = { name: "", before: [], after: [], up: undefined };
let finishing = [];

export function describe(name, define) {
  group = { name: `${group.name}${name} > `, before: [], after: [], up: group };
  define();
  group = group.up;
}

export function it(name, options, define) {
  const body = define ?? options;
  const own = group;
  tests.push({
    id: String(tests.length),
    name: own.name + name,
    async run() {
      finishing = [];
      try {
        await runOnce(own);
        await body();
      } catch (error) {
        return error ?? new Error("failed");
      } finally {
        for (const finish of finishing) await finish();
      }
    },
  });
}

async function runOnce(of) {
  if (of.up) await runOnce(of.up);
  for (let hook = of.before.shift(); hook; hook = of.before.shift()) await hook();
}

const each = (declare) => (cases) => (name, options, define) => {
  for (const item of cases) {
    const args = Array.isArray(item) ? item : [item];
    const body = define ?? options;
    declare(format(name, ...args).slice(0, 200), () => body(...args));
  }
};
it.each = each(it);
describe.each = each(describe);

export const beforeAll = (hook) => group.before.push(hook);
export const afterAll = () => {};
export const onTestFinished = (hook) => finishing.push(hook);

// Types are the compiler's business.
const anything = new Proxy(() => anything, { get: () => anything });
export const expectTypeOf = () => anything;
