#!/usr/bin/env bash
# Runs a pip command that compiles the engine and shows what is fetched and compiled of all that pip
# says; where the command fails, everything.
# usage: tools/with_progress.sh COMMAND ...
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$@" -v 2>&1 | tee "$log" | sed -unE 's/^ *((Collecting |\*\*\* |\[[0-9]+\/[0-9]+\] ).*)/   \1/p'; then
  cat "$log"
  exit 1
fi
