#!/usr/bin/env node
// Written so that any Node since 12 can parse it: an old one must be able to say what is wrong.
import fs from "fs";
import module from "module";
import os from "os";
import path from "path";
import url from "url";

const here = path.dirname(url.fileURLToPath(import.meta.url));

/** `^24.11 || ^26`, the `engines` of package.json. */
function isSupported(version) {
  const numbers = version.split(".").map(Number);
  return (numbers[0] === 24 && numbers[1] >= 11) || numbers[0] === 26;
}

/** The Node that the checkout brings along (npm package `node`), or undefined. */
function findOwnNode() {
  const folder = path.join(here, "..", "node_modules");
  const candidates = [path.join(folder, "node", "bin", "node"), path.join(folder, ".bin", "node")];
  return candidates.find((file) => fs.existsSync(file));
}

function runWithOwnNode(node, childProcess) {
  let child;
  // Ctrl-C reaches both; the child decides and this process waits for its answer.
  process.on("SIGINT", wait);
  // A signal sent to this process alone (systemd, kill) has to be passed on: from before there is somebody to pass it to.
  ["SIGTERM", "SIGHUP"].forEach((name) => process.on(name, () => child.kill(name)));
  child = childProcess.spawn(node, [url.fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: Object.assign({}, process.env, { JAM_INTERNAL_OWN_NODE: "1" }),
  });
  child.on("error", (error) => stop(error.message));
  child.on("exit", (status, signal) => {
    if (signal === null) {
      process.exitCode = status;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function wait() {
  return undefined;
}

function stop(reason) {
  process.stderr.write(
    "jam: this is Node " +
      process.versions.node +
      ", jam needs Node 24 (24.11 or later) or 26. Install one of them, or run `npm ci` in a checkout of jam, which brings its own" +
      (reason === undefined ? ".\n" : " (the one found does not start: " + reason + ").\n"),
  );
  process.exitCode = 2;
}

/**
 * A folder for compiled code that belongs to this user alone: what lies in a shared one such as /tmp
 * could have been put there by somebody else, and would be run.
 */
function privateCacheFolder() {
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  const folder = path.join(base, "jam", "compiled");
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const state = fs.lstatSync(folder);
    const isPrivate =
      (state.mode & 0o022) === 0 && (process.getuid === undefined || state.uid === process.getuid());
    return state.isDirectory() && isPrivate ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A server lives long and makes many short-lived small objects beside large buffers: with room for them that V8
 * would take by default it needs some 10 MiB more. The setting counts only from a process's beginning, so the
 * process begins again, as itself.
 */
function beginAgainWithSmallNursery() {
  const flag = "--max-semi-space-size=1";
  const isPossible = typeof process.execve === "function" && process.platform !== "win32";
  if (!process.argv.includes("serve") || !isPossible || process.execArgv.includes(flag)) return;
  process.execve(
    process.execPath,
    [process.execPath, flag, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  );
}

function start() {
  const cache = privateCacheFolder();
  if (cache !== undefined) module.enableCompileCache(cache);
  const source = path.join(here, "..", "src", "main.ts");
  const entry = fs.existsSync(source) ? source : path.join(here, "..", "dist", "main.js");
  return import(url.pathToFileURL(entry).href).then((main) => main.main());
}

if (isSupported(process.versions.node)) {
  beginAgainWithSmallNursery();
  void start();
} else {
  const own = process.env.JAM_INTERNAL_OWN_NODE === "1" ? undefined : findOwnNode();
  if (own === undefined) stop();
  else void import("child_process").then((childProcess) => runWithOwnNode(own, childProcess));
}
