/**
 * Counts the bytes that some connections receive in a time: plain sockets that read into one buffer each and ask
 * again when an answer is complete. Arguments: port, path, connections, milliseconds, bytes of one answer.
 */
import { connect } from "node:net";

const [path = "/", ...numbers] = process.argv.slice(2);
const [port = 0, connections = 1, ms = 1000, size = 0] = numbers.map(Number);
const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
const headersEnd = "\r\n\r\n";
let received = 0;
let failed = false;

for (let i = 0; i < connections; i++) {
  const buffer = Buffer.allocUnsafeSlow(connections > 8 ? 256 << 10 : 1 << 20);
  let left = 0;
  const socket = connect({
    port,
    host: "127.0.0.1",
    onread: {
      buffer,
      callback(bytes) {
        received += bytes;
        if (left === 0) {
          const head = buffer.toString("latin1", 0, Math.min(bytes, 2000));
          failed ||= !head.startsWith("HTTP/1.1 200 ");
          left = size + head.indexOf(headersEnd) + headersEnd.length;
        }
        left -= bytes;
        if (left === 0) socket.write(request);
        return true;
      },
    },
  });
  socket.on("error", () => {
    failed = true;
  });
  socket.write(request);
}

const startedAt = performance.now();
setTimeout(() => {
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage();
  process.stdout.write(JSON.stringify({ received, seconds, cpuSeconds: (user + system) / 1e6, failed }));
  process.kill(process.pid, "SIGKILL");
}, ms);
