/** The variables that the AWS SDKs and command line read. */
import process from "node:process";
import { type S3Defaults, setS3Defaults } from "./defaults.ts";

/** What the variables say; empty ones count as not set. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): S3Defaults {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION;
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  const sessionToken = env.AWS_SESSION_TOKEN || undefined;
  return {
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey, sessionToken } }),
  };
}

setS3Defaults(() => readEnvironment(process.env));
