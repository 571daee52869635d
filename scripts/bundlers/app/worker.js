import { job } from "./job.js";

export default {
  async fetch() {
    return new Response(await job());
  },
};
