import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireProgram } from "../../scripts/browser/debian.ts";

/** One request, as nginx logged it. */
export interface NginxRequest {
  readonly method: string;
  readonly uri: string;
  readonly range: string;
  readonly ifRange: string;
  readonly status: number;
  /** The bytes of the body that was sent. */
  readonly bytes: number;
}

/** Debian's nginx over a folder of its own. */
export interface Nginx {
  /**
   * The origin of the site. Below it: `/data/` as it is, `/gzip/` compressed, `/whole/` without ranges, `/moved/`
   * redirected to `/data/`, `/away/` to the other origin, `/loop/` to itself.
   */
  readonly url: string;
  /** Another origin with the same files, its headers exposed to pages; below `/hidden/` they are not. */
  readonly otherUrl: string;
  /** The folder of the site; its files are below `data/`. */
  readonly folder: string;
  /** Takes the requests since the last call. */
  takeLog(): Promise<NginxRequest[]>;
  stop(): Promise<void>;
}

/** Starts nginx on loopback, installed from Debian's packages if it is missing. */
export async function startNginx(parent = tmpdir()): Promise<Nginx> {
  const program = requireProgram("/usr/sbin/nginx", "nginx");
  const folder = mkdtempSync(join(parent, "pytree2safetensors-nginx-"));
  chmodSync(folder, 0o755); // nginx's workers are of another user
  mkdirSync(join(folder, "data"));
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "data", "ready"), "");
  const [port, otherPort] = await freePorts();
  const config = join(folder, "state", "nginx.conf");
  writeFileSync(config, configuration(folder, port, otherPort));
  const child = spawn(program, ["-p", join(folder, "state"), "-c", config, "-e", "stderr"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(child, `${url}/data/ready`);
  } catch (error) {
    await stop();
    throw error;
  }

  let taken = 0;
  const takeLog = async () => {
    // nginx writes a request down when its answer is out, so a mark of ours tells that all before are there.
    const mark = `/mark/${crypto.randomUUID()}`;
    await fetch(url + mark);
    for (let wait = 0; wait < 100; wait++) {
      const lines = readFileSync(join(folder, "state", "access.log"), "utf8")
        .split("\n")
        .slice(taken, -1);
      const at = lines.findIndex((line) => line.includes(mark));
      if (at >= 0 && lines.length === at + 1 && wait > 1) {
        taken += lines.length;
        return lines.slice(0, -1).map(parseLine);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("nginx did not log");
  };
  await takeLog();
  return { url, otherUrl: `http://127.0.0.1:${otherPort}`, folder, takeLog, stop };
}

function parseLine(line: string): NginxRequest {
  const [method = "", uri = "", range = "", ifRange = "", status, bytes] = line.split("\t");
  return { method, uri, range, ifRange, status: Number(status), bytes: Number(bytes) };
}

function configuration(folder: string, port: number, otherPort: number): string {
  const state = join(folder, "state");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${state}/${name};`)
    .join("\n  ");
  return `
daemon off;
pid ${state}/nginx.pid;
error_log stderr crit;
events {}
http {
  ${temporary}
  log_format tests escape=none '$request_method\\t$uri\\t$http_range\\t$http_if_range\\t$status\\t$body_bytes_sent';
  access_log ${state}/access.log tests;
  types { text/html html; text/javascript js; application/json json; }
  default_type application/octet-stream;
  sendfile on;
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    location /state/ { return 404; }
    location /mark/ { return 204; }
    location /site/ {
      # Isolated pages have SharedArrayBuffer.
      add_header Cross-Origin-Opener-Policy same-origin;
      add_header Cross-Origin-Embedder-Policy require-corp;
    }
    location /gzip/ {
      alias ${folder}/data/;
      gzip on;
      gzip_types *;
      gzip_min_length 0;
    }
    location /whole/ { alias ${folder}/data/; max_ranges 0; }
    location /moved/ { rewrite ^/moved/(.*)$ /data/$1 redirect; }
    location /away/ { rewrite ^/away/(.*)$ http://127.0.0.1:${otherPort}/data/$1 redirect; }
    location /loop/ { rewrite ^ $uri redirect; }
  }
  server {
    listen 127.0.0.1:${otherPort};
    root ${folder};
    location /state/ { return 404; }
    location / {
      add_header Access-Control-Allow-Origin * always;
      add_header Access-Control-Expose-Headers 'Content-Range, ETag' always;
    }
    location /hidden/ {
      alias ${folder}/data/;
      add_header Access-Control-Allow-Origin * always;
    }
  }
}
`;
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    ports.push(typeof address === "object" && address !== null ? address.port : 0);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return [ports[0]!, ports[1]!];
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  for (let wait = 0; wait < 100; wait++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not answer");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await ended;
}
