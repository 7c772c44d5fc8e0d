import { expect, test } from "vitest";
import { serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const INDEX = {
  format: "index:1.0",
  index: { "com.ubuntu.juju:released:agents": { path: "streams/v1/com.ubuntu.juju-released-agents.sjson" } },
};
const DOCUMENTS = {
  "streams/v1/index2.sjson": clearSigned(JSON.stringify(INDEX, null, 1)),
  "streams/v1/com.ubuntu.juju-released-agents.sjson": clearSigned('{\n "format": "products:1.0"\n}'),
};

function clearSigned(text: string): string {
  return `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

${text}
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCgAd
-----END PGP SIGNATURE-----
`;
}

test("rule 2: a complete verbatim face is upstream's signed bytes, with their plain twins", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    documents: DOCUMENTS,
    verbatim: { complete: true },
  });
  const read = async (path: string) => (await fetch(`${mirror.url}/upstream/tools/${path}`)).text();
  for (const [path, text] of Object.entries(DOCUMENTS)) expect(await read(path)).toBe(text);
  expect(JSON.parse(await read("streams/v1/index2.json"))).toEqual({
    format: "index:1.0",
    index: { "com.ubuntu.juju:released:agents": { path: "streams/v1/com.ubuntu.juju-released-agents.json" } },
  });
  expect(await read("streams/v1/com.ubuntu.juju-released-agents.json")).toBe(
    '{\n "format": "products:1.0"\n}\n',
  );
});

test("rule 2: an incomplete verbatim face is 404 and says why; its tarballs stay", async () => {
  const verbatim = { complete: false, reason: "2 of 3 items are not held" } as const;
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }], documents: DOCUMENTS, verbatim });
  for (const path of Object.keys(DOCUMENTS)) {
    const answer = await fetch(`${mirror.url}/upstream/tools/${path}`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: "JAM_FACE_INCOMPLETE",
      message: expect.stringContaining("2 of 3 items are not held") as string,
    });
  }
  const tarball = await fetch(`${mirror.url}/upstream/tools/${tarballPath("3.6.5")}`);
  expect(Buffer.from(await tarball.arrayBuffer()).equals(tarballBytes({ version: "3.6.5" }))).toBe(true);
});

test("a proof that vanished from the store is 503, not 404", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    documents: DOCUMENTS,
    verbatim: { complete: true },
    served: ({ documents }) => ({
      documents: {
        ...documents,
        get: async (kind, name) => (kind === "upstream" ? undefined : documents.get(kind, name)),
      },
    }),
  });
  const answer = await fetch(`${mirror.url}/upstream/tools/streams/v1/index2.sjson`);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("the face opens and closes with the snapshot", async () => {
  await using mirror = await serveMirror({
    agents: [{ version: "3.6.5" }],
    documents: DOCUMENTS,
    verbatim: { complete: true },
  });
  const status = async () => (await fetch(`${mirror.url}/upstream/tools/streams/v1/index2.sjson`)).status;
  expect(await status()).toBe(200);
  await mirror.publish({ agents: [{ version: "3.6.6" }], documents: DOCUMENTS });
  expect(await status()).toBe(404);
});
