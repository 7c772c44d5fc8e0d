#!/usr/bin/env node
// Any Node since 12 can parse this file and own-node.js: an old Node has to be able to say what is wrong.
import fs from "fs";
import module from "module";
import os from "os";
import path from "path";
import url from "url";

const root = path.join(path.dirname(url.fileURLToPath(import.meta.url)), "..");

/** The Node versions of `engines` in package.json (`^24.11 || ^26`) as pairs of major and lowest minor number. */
function supportedVersions() {
  const { engines } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  return engines.node.split("||").map((range) => range.match(/\d+/g).map(Number));
}

function isSupported(versions) {
  const running = process.versions.node.split(".").map(Number);
  return versions.some(([major, minor = 0]) => running[0] === major && running[1] >= minor);
}

/**
 * Makes a folder and its parents. Not by `recursive`: on file systems that answer ENOENT below a folder that exists, such
 * as /proc and automounts, Node 26 never comes to an end.
 */
function makeFolder(folder) {
  if (fs.existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  fs.mkdirSync(folder, { mode: 0o700 });
}

/**
 * A folder for compiled code that belongs to this user alone: a file in a shared folder such as /tmp could come from
 * somebody else, and would be executed.
 */
function privateCacheFolder() {
  const base = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  const folder = path.join(base, "jam", "compiled");
  try {
    makeFolder(folder);
    const state = fs.lstatSync(folder);
    const isOurs = process.getuid === undefined || state.uid === process.getuid();
    return state.isDirectory() && isOurs && (state.mode & 0o022) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}

function start() {
  const cache = privateCacheFolder();
  if (cache !== undefined) module.enableCompileCache(cache);
  const source = path.join(root, "src", "main.ts");
  const entry = fs.existsSync(source) ? source : path.join(root, "dist", "main.js");
  return import(url.pathToFileURL(entry).href).then((main) => main.main());
}

const versions = supportedVersions();
if (isSupported(versions)) void start();
else void import("./own-node.js").then((own) => own.startWithOwnNode(root, versions));
