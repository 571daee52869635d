import { files } from "../../../files.js";

export const dynamic = "force-dynamic";

export async function GET() {
  return new Response(await files());
}
