import { describe, expect, it } from "vitest";
import { Transient } from "../../../../src/io/sources/retry.ts";
import { CredentialsCache } from "../../../../src/io/stores/s3/credentials.ts";
import { readEnvironment } from "../../../../src/io/stores/s3/environment.node.ts";
import { failureOf } from "../../../../src/io/stores/s3/errors.ts";
import { planParts } from "../../../../src/io/stores/s3/parts.ts";
import { failure } from "../../support.ts";

const MIB = 2 ** 20;

describe("planParts", () => {
  it.each([
    [0, 0, true],
    [8 * MIB, 8 * MIB, true],
    [8 * MIB + 1, 5 * MIB, false],
    [10e9, 5 * MIB, false],
    [undefined, 5 * MIB, false],
    [160e9, 16 * MIB, false],
  ])("of %s bytes", (total, partBytes, isSingle) => {
    const plan = planParts(total, undefined, "x");
    expect(plan).toMatchObject({ partBytes, isSingle });
    if (!isSingle) expect(partBytes * (plan.atOnce + 1)).toBeLessThanOrEqual(64 * MIB);
  });

  it("never needs more than 10,000 parts", () => {
    for (const total of [80e9, 84e9, 1e12, 5e12]) {
      expect(Math.ceil(total / planParts(total, undefined, "x").partBytes)).toBeLessThanOrEqual(10_000);
    }
  });

  it.each([
    [1e9, MIB, "InvalidArgument"],
    [1e9, 5.5 * MIB + 0.5, "InvalidArgument"],
    [100e9, 5 * MIB, "TooLarge"],
  ])("refuses %d bytes in parts of %d", async (total, wanted, code) => {
    expect(await failure(() => planParts(total, wanted, "x"))).toMatchObject({ code });
  });
});

describe("readEnvironment", () => {
  it("takes the variables that the SDKs take, those for S3 first", () => {
    expect(
      readEnvironment({
        AWS_REGION: "",
        AWS_DEFAULT_REGION: "r",
        AWS_ENDPOINT_URL: "http://a",
        AWS_ENDPOINT_URL_S3: "http://b",
        AWS_ACCESS_KEY_ID: "k",
        AWS_SECRET_ACCESS_KEY: "s",
        AWS_SESSION_TOKEN: "t",
      }),
    ).toEqual({
      region: "r",
      endpoint: "http://b",
      credentials: { accessKeyId: "k", secretAccessKey: "s", sessionToken: "t" },
    });
    expect(readEnvironment({ AWS_ACCESS_KEY_ID: "k" })).toEqual({});
  });
});

describe("CredentialsCache", () => {
  const keys = { accessKeyId: "k", secretAccessKey: "s" };

  it("asks once for all requests at a time, and again when they are about to expire", async () => {
    let asked = 0;
    const cache = new CredentialsCache(async () => {
      asked++;
      return { ...keys, expiration: new Date(Date.now() + (asked === 1 ? 20 : 3_600_000)) };
    });
    await Promise.all([cache.get(), cache.get(), cache.get()]);
    expect(asked).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 25));
    await Promise.all([cache.get(), cache.get()]);
    await cache.get();
    expect(asked).toBe(2);
  });

  it("asks again after a refusal, and after a failure", async () => {
    let asked = 0;
    const cache = new CredentialsCache(() => {
      if (++asked === 2) throw new Error("offline");
      return { ...keys };
    });
    const first = await cache.get();
    expect(await cache.refuse(first)).toBe(true);
    await expect(cache.get()).rejects.toThrow("offline");
    expect(await cache.get()).not.toBe(first);
    // Renewed meanwhile by another request.
    await cache.refuse(first);
    await cache.get();
    expect(asked).toBe(3);
  });

  it("has nothing to renew of a value", async () => {
    expect(await new CredentialsCache(keys).refuse(keys)).toBe(false);
    expect(await new CredentialsCache(undefined).get()).toBeUndefined();
  });
});

describe("the errors of S3", () => {
  const error = (status: number, body: string, headers = {}) => {
    const { error: failed } = failureOf(status, new Headers(headers), body, "s3://b/k");
    return failed instanceof Transient
      ? { passes: true, error: failed.error as Error }
      : { passes: false, error: failed as Error };
  };
  const xml = (code: string, message = "Why.") =>
    `<Error><Code>${code}</Code><Message>${message}</Message><StringToSign>SECRET</StringToSign></Error>`;

  it.each([
    [503, "SlowDown", true],
    [200, "InternalError", true],
    [400, "RequestTimeout", true],
    [409, "OperationAborted", true],
    [403, "AccessDenied", false],
    [404, "NoSuchKey", false],
    [400, "InvalidPart", false],
  ])("%d %s", (status, code, passes) => {
    const found = error(status, xml(code));
    expect(found.passes).toBe(passes);
    expect(found.error.message).toContain(`s3://b/k: the server answered ${status} ${code}: Why`);
    expect(found.error.message).not.toContain("SECRET");
  });

  it("names the region where the bucket is", () => {
    const found = error(301, xml("PermanentRedirect"), { "x-amz-bucket-region": "eu-west-1" });
    expect(found.error.message).toContain("the bucket is in the region eu-west-1; pass it");
  });

  it("tells what a proxy's page or an empty answer leaves", () => {
    expect(error(403, "").error.message).toBe("s3://b/k: the server answered 403");
    expect(error(502, "<html><br>").passes).toBe(true);
    expect(error(403, xml("A\u001b[2J")).error.message).not.toContain("\u001b");
  });
});
