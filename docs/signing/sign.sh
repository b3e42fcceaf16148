#!/bin/sh
# Sign a body as a source does: sh sign.sh prov-maple calendar msg-1 body.json prints the headers, for curl -H @file.
# The secret comes from the environment, as RECORDS_SECRET. Needs openssl and od.
set -eu
seconds=$(date +%s)
key=$(printf %s "${RECORDS_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
digest=$({ printf '%s.%s.' "$3" "$seconds"; cat "$4"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
cat <<HEADERS
Content-Type: application/json
X-Provider: $1
X-Source: $2
webhook-id: $3
webhook-timestamp: $seconds
webhook-signature: v1,$digest
HEADERS
