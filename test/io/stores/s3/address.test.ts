import { describe, expect, it } from "vitest";
import { bucketUrl, objectUrl, parseS3Address } from "../../../../src/io/stores/s3/address.ts";
import { failure } from "../../support.ts";

describe("bucketUrl", () => {
  it.each([
    [{ bucket: "b" }, "https://b.s3.us-east-1.amazonaws.com/"],
    [{ bucket: "b", region: "eu-central-1" }, "https://b.s3.eu-central-1.amazonaws.com/"],
    [{ bucket: "b.c", region: "x" }, "https://s3.x.amazonaws.com/b.c/"],
    [{ bucket: "b", endpoint: "http://127.0.0.1:9000" }, "http://127.0.0.1:9000/b/"],
    [{ bucket: "b", endpoint: "https://h/base/" }, "https://h/base/b/"],
    [{ bucket: "b", endpoint: new URL("https://h"), addressing: "host" }, "https://b.h/"],
    [{ bucket: "b", addressing: "path" }, "https://s3.us-east-1.amazonaws.com/b/"],
  ] as const)("%o", (address, url) => {
    expect(bucketUrl(address).href).toBe(url);
  });

  it.each(["", "a/b", "a b", "..", "a..b", "a?b", "-a"])("refuses the bucket %o", async (bucket) => {
    expect(await failure(() => bucketUrl({ bucket }))).toMatchObject({ code: "InvalidArgument" });
  });

  it("refuses endpoints that are no servers", async () => {
    const address = { bucket: "b", endpoint: "file:///x" };
    expect(await failure(() => bucketUrl(address))).toMatchObject({ code: "InvalidArgument" });
  });
});

describe("objectUrl", () => {
  const bucket = new URL("https://h/b/");

  it("escapes every character that a signature needs escaped", () => {
    expect(objectUrl(bucket, "a b/+é!'()*?#%&=~_-.x", { "x y": "+/=" })).toBe(
      "https://h/b/a%20b/%2B%C3%A9%21%27%28%29%2A%3F%23%25%26%3D~_-.x?x%20y=%2B%2F%3D",
    );
  });

  it("addresses the bucket itself without a slash", () => {
    expect(objectUrl(bucket, "", { uploads: "" })).toBe("https://h/b?uploads=");
    expect(objectUrl(new URL("https://b.h/"), "", { uploads: "" })).toBe("https://b.h/?uploads=");
  });

  it.each(["..", "a/../b", "./a", "a/.", "\ud800", "x".repeat(1025)])("refuses %o", async (key) => {
    expect(await failure(() => objectUrl(bucket, key))).toMatchObject({ code: "InvalidArgument" });
  });
});

describe("parseS3Address", () => {
  it.each([
    ["s3://b", "b", "", undefined],
    ["s3://b/", "b", "", undefined],
    ["S3://b/k", "b", "", "k"],
    ["s3://b/a/b/k", "b", "a/b/", "k"],
    ["s3://b/a//", "b", "a//", undefined],
    ["s3://b/a%20b?c#d", "b", "", "a%20b?c#d"],
  ])("reads %s", (address, bucket, folder, name) => {
    expect(parseS3Address(address)).toEqual({ bucket, folder, name });
  });
});
