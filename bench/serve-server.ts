/** Serves the mirror in a data directory until standard input ends; says its port on standard output. */
import { openFsStore } from "../src/store/fs/open-fs-store.ts";
import { createServer } from "../src/server/server.ts";
import { portsOf } from "../test/helpers/served-mirror.ts";

const server = createServer(portsOf(await openFsStore(process.argv[2] ?? "")));
const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`${port}\n`);
// The parent closes it when it is done or gone.
process.stdin.on("end", () => void server.close({ drainMs: 0 }));
process.stdin.resume();
