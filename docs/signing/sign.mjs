// Sign a body as a source does: node sign.mjs prov-maple calendar msg-1 < body.json prints the headers.
// The secret comes from the environment, as RECORDS_SECRET.

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The headers that sign a body (a Buffer) now; they are good for five minutes. */
export function headers(secret, providerId, source, messageId, body) {
  const seconds = Math.floor(Date.now() / 1000);
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const digest = createHmac("sha256", key).update(`${messageId}.${seconds}.`).update(body).digest("base64");
  return {
    "Content-Type": "application/json",
    "X-Provider": providerId,
    "X-Source": source,
    "webhook-id": messageId,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${digest}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [providerId, source, messageId] = process.argv.slice(2);
  const signed = headers(process.env.RECORDS_SECRET, providerId, source, messageId, readFileSync(0));
  for (const [name, value] of Object.entries(signed)) console.log(`${name}: ${value}`);
}
