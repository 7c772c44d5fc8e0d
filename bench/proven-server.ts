/** A server over a data directory, with the check of bytes or without. Arguments: folder, `checked` or `unchecked`. */
import { ProvenBlobs } from "../src/server/proven-blobs.ts";
import { createServer } from "../src/server/server.ts";
import { openFsStore } from "../src/store/fs/open-fs-store.ts";

const [data = ".", mode] = process.argv.slice(2);
const store = await openFsStore(data);
if (mode === "unchecked") ProvenBlobs.prototype.open = ({ sha256 }) => store.blobs.open(sha256);
const unused = () => Promise.reject(new Error("not measured"));
const server = createServer({ store, readState: unused, ask: unused });
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${port}\n`);
process.once("SIGTERM", () => void server.close({ drainMs: 0 }));
