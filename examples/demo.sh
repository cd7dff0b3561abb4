#!/bin/sh
# Flips 20% of the labels of a real data set, values every training sample, and finds the flipped
# labels again: once with features as they are, once standardised.
set -eu
perms="${1:-2000}"
out=demo
mkdir -p "$out"

say() { printf '\n$ %s\n' "$*"; "$@"; }

say python examples/breast_cancer.py "$out/features.npy"
say shapcpp noise "$out/features.npy" --rate 0.2 --seed 0 -o "$out/noisy.npy"
for scale in none standard; do
  option="--scale $scale"
  [ "$scale" = standard ] || option=
  printf '\n=== %s ===\n' "$([ "$scale" = standard ] && echo 'standardised features' || echo 'features as they are')"
  # shellcheck disable=SC2086 # the option is two words or none
  say shapcpp value "$out/noisy.npy" --metric acc --metric rec --metric spc --perms "$perms" $option \
    -o "$out/run-$scale.npz" --csv "$out/values-$scale.csv"
  say shapcpp detect "$out/run-$scale.npz" --metric acc --metric rec --metric spc \
    --fraction 0.1 --fraction 0.2 --fraction 0.3 --csv "$out/detection-$scale.csv"
done
printf '\nSaved in %s/: the features files, the runs (.npz), a row per sample (values-*.csv) and the tables above (detection-*.csv).\n' "$out"
