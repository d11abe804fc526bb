#!/usr/bin/env bash
# Starts a fastmlx binary on the demo model, sends one request of each API, stops it. Usage: smoke.sh BINARY
set -euo pipefail
binary=$1
home=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$home"' EXIT
FASTMLX_HOME="$home" HF_HUB_OFFLINE=1 "$binary" serve --host 127.0.0.1 --port 0 2>"$home/log" &
server=$!
for _ in $(seq 100); do
  port=$(sed -n 's/.*http:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p' "$home/log" | head -n 1)
  [ -n "$port" ] && break
  sleep 0.05
done
[ -n "$port" ] || { cat "$home/log"; echo "it did not start"; exit 1; }
question='"messages": [{"role": "user", "content": "Explain what MLX is in one sentence."}], "max_tokens": 100'
post() { curl -sS --max-time 30 -H 'Content-Type: application/json' -d "{\"model\": \"claude-4-sonnet-20250514\", $question $3}" "http://127.0.0.1:$port$1" | grep -q "$2" || { echo "no $2 from $1"; cat "$home/log"; exit 1; }; }
post /v1/messages '"stop_reason":"end_turn"' ''
post /v1/messages 'event: message_stop' ', "stream": true'
post /v1/chat/completions '"finish_reason":"stop"' ''
post /v1/chat/completions 'data: \[DONE\]' ', "stream": true'
curl -sS --max-time 5 "http://127.0.0.1:$port/health" | grep -q '"status"'
kill -TERM "$server"
wait "$server"
echo "smoke: five requests answered, clean exit"
