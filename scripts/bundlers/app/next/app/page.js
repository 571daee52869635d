import { job } from "../../job.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  return <output>{await job()}</output>;
}
