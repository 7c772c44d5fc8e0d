import type { RequestHandler } from "express";
import { JamError } from "../../shared/errors.ts";
import { ConnectionGone, type WriteRules } from "../response-writer.ts";
import { sendJson, sendJsonPieces } from "../problem.ts";
import type { AskQuery, QueryName } from "../queries.ts";
import { textOfBody } from "./question-body.ts";
import { readQuery } from "./query-parameters.ts";
import type { QueryResource } from "./query-resource.ts";

/** Answers that are held for their readers at the same time, in bytes. */
const MAX_OUTGOING_BYTES = 64 * 1024 * 1024;
/** What is handed to the kernel at once. */
const PIECE_BYTES = 256 * 1024;

/** Makes the handlers of resources. They share the room for answers under way. */
export function createQueryAnswerer({
  ask,
  ...rules
}: WriteRules & { readonly ask: AskQuery }): <Name extends QueryName>(
  resource: QueryResource<Name>,
) => RequestHandler {
  let outgoing = 0;
  return (resource) => async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort(new ConnectionGone()));
    const values = readQuery(request, resource.parameters);
    const input = resource.read(values, request.method === "POST" ? textOfBody(request) : undefined);
    const answer = await ask(resource.name, input, gone.signal);
    const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
    if (bytes.length <= PIECE_BYTES || request.method === "HEAD") {
      sendJson(response, 200, bytes);
      return;
    }
    if (outgoing + bytes.length > MAX_OUTGOING_BYTES) throw busy();
    outgoing += bytes.length;
    try {
      await sendJsonPieces(response, piecesOf(bytes), rules);
    } finally {
      outgoing -= bytes.length;
    }
  };
}

function piecesOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
  );
}

function busy(): JamError {
  return new JamError(
    "JAM_SERVER_BUSY",
    "Too many large answers are being sent; further ones have to wait.",
    {
      hint: "Try again in a few seconds.",
      details: { maxBytes: MAX_OUTGOING_BYTES },
    },
  );
}
