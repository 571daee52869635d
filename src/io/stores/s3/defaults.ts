/** What the runtime knows of S3 by itself: the environment's variables, where there are any. */
import type { S3Options } from "./client.ts";

/** What may come from the environment. */
export type S3Defaults = Partial<Pick<S3Options, "endpoint" | "region" | "credentials">>;

let read: () => S3Defaults = () => ({});

/** Teaches the store; `environment.node.ts` calls it. */
export function setS3Defaults(defaults: () => S3Defaults): void {
  read = defaults;
}

/** The caller's options, and for those that are left out what the environment says now. */
export function withDefaults<O extends object>(options: O): O & S3Defaults {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...read(), ...(given as O) };
}
