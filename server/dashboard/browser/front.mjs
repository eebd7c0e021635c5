// Pages that were built, before a server that was compiled without them or
// with older ones: files from a folder with the headers that the server itself
// gives to pages, all else from the server.

import { createReadStream, existsSync } from "node:fs";
import { createServer, request } from "node:http";
import { once } from "node:events";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Serves `pages` before the server at `url`; gives the address and its end. */
export async function startFront(url, pages) {
  const server = new URL(url);
  const front = createServer((asked, answer) => {
    const path = new URL(asked.url, url).pathname;
    const page = path === "/" || path.startsWith("/app/") || path.startsWith("/embed/");
    const file = normalize(join(pages, page ? "index.html" : path));
    if (page || (path.startsWith("/assets/") && file.startsWith(pages))) {
      // The headers of the same address on the server are those of its pages.
      forward(asked, answer, server, (headers) => send(file, asked, answer, headers));
    } else {
      forward(asked, answer, server, null);
    }
  });
  // A WebSocket is passed on as it is.
  front.on("upgrade", (asked, socket, head) => {
    const on = request({ host: server.hostname, port: server.port, path: asked.url, headers: asked.headers });
    on.on("upgrade", (theirs, other) => {
      const lines = Object.entries(theirs.headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      socket.pipe(other).pipe(socket);
      other.on("error", () => socket.destroy());
      socket.on("error", () => other.destroy());
    });
    on.on("response", () => socket.destroy());
    on.on("error", () => socket.destroy());
    on.end(head);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    stop: () => {
      front.closeAllConnections();
      front.close();
    },
  };
}

/** Of the server's answer to a page, what is not of its body. */
const KEPT = /^(content-security-policy|x-|referrer-policy|cache-control|vary)/;

function send(file, asked, answer, theirs) {
  const plain = existsSync(file) ? file : null;
  if (!plain) return void answer.writeHead(404).end();
  const brotli = /\bbr\b/.test(asked.headers["accept-encoding"] ?? "") && existsSync(`${plain}.br`);
  const headers = Object.fromEntries(Object.entries(theirs).filter(([name]) => KEPT.test(name)));
  if (file.endsWith(".html") === false) headers["cache-control"] = "public, max-age=31536000, immutable";
  headers["content-type"] = TYPES[extname(file)] ?? "application/octet-stream";
  if (brotli) headers["content-encoding"] = "br";
  answer.writeHead(200, headers);
  createReadStream(brotli ? `${plain}.br` : plain).pipe(answer);
}

function forward(asked, answer, server, instead) {
  const how = { host: server.hostname, port: server.port, method: asked.method, path: instead ? "/" : asked.url, headers: asked.headers };
  const on = request(how, (theirs) => {
    if (instead) {
      theirs.resume();
      return void instead(theirs.headers);
    }
    answer.writeHead(theirs.statusCode, theirs.headers);
    theirs.pipe(answer);
  });
  on.on("error", () => answer.destroy());
  answer.on("close", () => on.destroy());
  asked.pipe(on);
}
