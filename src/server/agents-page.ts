import { foldAgents } from "../juju/fold-agents.ts";
import { listStreams, sumTarballBytes, type Agent } from "../juju/agent.ts";
import { readSnapshot } from "../mirror/read-snapshots.ts";
import { formatByteSize } from "../shared/byte-size.ts";
import { JamError } from "../shared/errors.ts";
import { formatCount } from "../shared/listed.ts";
import { htmlText } from "../shared/markup.ts";
import type { MirrorView } from "./mirror-view.ts";
import type { ServedStore } from "./ports.ts";
import type { RefReader } from "./ref-reader.ts";
import { type ServePage, sendPage } from "./status-pages.ts";

/** `/agents`: what the mirror holds, for a person with a browser; folded like `jam list`, newest version first. */
export function sendAgentsPage(reader: RefReader, documents: ServedStore["documents"]): ServePage {
  // Pages of thousands of agents are made once for each snapshot.
  let last: { readonly id: string; readonly page: Promise<string> } | undefined;
  return async (_request, response) => {
    const view = await reader.current();
    const { id } = view.snapshot;
    if (last?.id !== id) last = { id, page: renderPage(view, documents) };
    const made = last;
    made.page.catch(() => {
      if (last === made) last = undefined;
    });
    sendPage(response, await made.page);
  };
}

async function renderPage(
  { snapshot: { id }, counts }: MirrorView,
  documents: ServedStore["documents"],
): Promise<string> {
  const snapshot = await readSnapshot({ documents }, id);
  if (snapshot === undefined) {
    throw new JamError("JAM_NOT_FOUND", `Snapshot ${id} was pruned just now.`, {
      hint: "Load the page again.",
    });
  }
  const lines = foldAgents(snapshot.agents.toReversed(), {
    tarball: ({ sha256 }) => sha256,
    shown: (agent) => listStreams(agent).toSorted().join(", "),
  });
  const rows = lines.map(({ version, releases, rows: agents }) => {
    const streams = agents[0] === undefined ? "" : listStreams(agents[0]).toSorted().join(", ");
    const cells = [
      htmlText(version),
      htmlText(releases),
      linksOf(agents),
      htmlText(streams),
      formatByteSize(sumTarballBytes(agents)),
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  const heads = ["Version", "Release", "Tarballs", "Streams", "Size"].map(
    (head) => `<th align="left">${head}</th>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Agents of this mirror</title>
<h1>Agents of this mirror</h1>
<p>${formatCount(counts.agents, "agent")}, ${formatCount(counts.tarballs, "tarball")}, ${formatByteSize(counts.bytes)}. Snapshot ${htmlText(id)}.</p>
<table cellpadding="4">
<tr>${heads.join("")}</tr>
${rows.join("\n")}
</table>
<p><a href="/">Juju agent mirror</a></p>
</html>
`;
}

/** One link for each architecture. */
function linksOf(agents: readonly Agent[]): string {
  const byArch = new Map(agents.map(({ arch, path }) => [arch, path]));
  return [...byArch]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([arch, path]) =>
        `<a href="/tools/${path.split("/").map(encodeURIComponent).join("/")}">${htmlText(arch)}</a>`,
    )
    .join(" ");
}
