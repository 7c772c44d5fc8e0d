// Loaded on a Node that jam does not support, so it is plain JavaScript that any Node since 12 can parse.
import { spawn } from "child_process";
import fs from "fs";
import path from "path";

/**
 * Runs jam with the Node of the checkout (npm package `node`) and exits as it exits. Without one, says which Node is
 * needed.
 */
export function startWithOwnNode(root, versions) {
  const own = process.env.JAM_INTERNAL_OWN_NODE === "1" ? undefined : findOwnNode(root);
  if (own === undefined) stop(versions);
  else run(own, path.join(root, "bin", "jam.js"), versions);
}

function findOwnNode(root) {
  const folder = path.join(root, "node_modules");
  const candidates = [path.join(folder, "node", "bin", "node"), path.join(folder, ".bin", "node")];
  return candidates.find((file) => fs.existsSync(file));
}

function run(node, script, versions) {
  let child;
  // Ctrl-C reaches both processes; this one waits for the status of the child.
  process.on("SIGINT", () => undefined);
  // Signals to this process alone (systemd, kill) are forwarded. The handlers are set before there is a child.
  ["SIGTERM", "SIGHUP"].forEach((name) => process.on(name, () => child.kill(name)));
  child = spawn(node, [script, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: Object.assign({}, process.env, { JAM_INTERNAL_OWN_NODE: "1" }),
  });
  child.on("error", (error) => stop(versions, error.message));
  child.on("exit", (status, signal) => {
    if (signal === null) {
      process.exitCode = status;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function stop(versions, reason) {
  const needed = versions
    .map(([major, minor]) => (minor ? `${major} (${major}.${minor} or later)` : `${major}`))
    .join(" or ");
  const found = reason === undefined ? "" : ` (the one found does not start: ${reason})`;
  process.stderr.write(
    `jam: this is Node ${process.versions.node}, jam needs Node ${needed}. ` +
      `Install it, or run \`npm ci\` in a checkout of jam, which installs its own${found}.\n`,
  );
  process.exitCode = 2;
}
